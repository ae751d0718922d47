/**
 * Make the schedule parser from its grammar: `npm run generate -w packages/optim`.
 *
 * Peggy turns schedule.peggy into plain recursive functions, checked in under generated/, so that
 * nothing is generated or evaluated at run time, in a browser either. A test regenerates and compares.
 */
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import peggy from "peggy";

export const GRAMMAR = new URL("./schedule.peggy", import.meta.url);
export const PARSER = new URL("./generated/schedule-parser.js", import.meta.url);

const HEADER = `// Made from ../schedule.peggy by Peggy ${peggy.VERSION}: do not edit, run \`npm run generate -w packages/optim\`.\n`;

/** The text of the parser. Its types are written by hand beside it, in schedule-parser.d.ts. */
export function generateParser(): string {
  const source = peggy.generate(readFileSync(GRAMMAR, "utf8"), {
    output: "source",
    format: "es",
    allowedStartRules: ["schedule", "schedules"],
    grammarSource: "schedule.peggy",
  });
  return HEADER + source;
}

const startedDirectly =
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (startedDirectly) writeFileSync(PARSER, generateParser());

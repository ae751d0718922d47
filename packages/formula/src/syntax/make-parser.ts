/**
 * Make the parser from its grammar: `npm run generate -w packages/formula`. The output is checked in, so that nothing is compiled
 * at run time; a test regenerates and compares. Its types are written by hand beside it, in formula-parser.d.ts.
 */
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import peggy from "peggy";

const GRAMMAR = new URL("formula.peggy", import.meta.url);
export const PARSER = new URL("generated/formula-parser.js", import.meta.url);

/** The text of the parser that `formula.peggy` describes. */
export function generateParser(): string {
  const source = peggy.generate(readFileSync(GRAMMAR, "utf8"), {
    output: "source",
    format: "es",
    grammarSource: "formula.peggy",
  });
  return `// Made from ../formula.peggy by Peggy ${peggy.VERSION}: do not edit, run \`npm run generate -w packages/formula\`.\n${source}`;
}

const startedDirectly =
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (startedDirectly) writeFileSync(PARSER, generateParser());

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
export const PARSER_TYPES = new URL("./generated/schedule-parser.d.ts", import.meta.url);

const HEADER = `// Made from ../schedule.peggy by Peggy ${peggy.VERSION}: do not edit, run \`npm run generate -w packages/optim\`.\n`;

const TYPES = `import type { AssignmentSyntax, ScheduleSyntax } from "../syntax.ts";

export interface Location {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** One thing that the grammar would have accepted where reading stopped. */
export type Expectation =
  | { readonly type: "literal"; readonly text: string }
  | { readonly type: "other"; readonly description: string }
  | { readonly type: "end" | "any" | "class" };

export class SyntaxError extends globalThis.SyntaxError {
  readonly expected: readonly Expectation[] | null;
  /** The character found; null at the end of the text. */
  readonly found: string | null;
  readonly location: { readonly start: Location; readonly end: Location };
}

export function parse(text: string, options: { startRule: "schedule" }): ScheduleSyntax;
export function parse(text: string, options: { startRule: "schedules" }): AssignmentSyntax[];
`;

/** The two generated files, as text. */
export function generateParser(): { parser: string; types: string } {
  const source = peggy.generate(readFileSync(GRAMMAR, "utf8"), {
    output: "source",
    format: "es",
    allowedStartRules: ["schedule", "schedules"],
    grammarSource: "schedule.peggy",
  });
  return { parser: HEADER + source, types: HEADER + TYPES };
}

const startedDirectly =
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (startedDirectly) {
  const { parser, types } = generateParser();
  writeFileSync(PARSER, parser);
  writeFileSync(PARSER_TYPES, types);
}

/**
 * What is wrong with a formula, and where. The message carries the line itself with a caret, because formulas are read
 * in a terminal, in a YAML file and in an editor; the fields are for editors that underline.
 */
import type { Place } from "./tree.ts";

export interface FormulaProblem {
  /** The rule or transform whose formula it is. */
  rule: string;
  text: string;
  at: Place;
  /** What stands there. */
  found: string;
  /** What could stand there instead. */
  accepted: string;
  /** The way out, when one is likely. */
  hint?: string;
}

export class FormulaError extends SyntaxError {
  override readonly name = "FormulaError";
  readonly rule: string;
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly accepted: string;

  constructor(problem: FormulaProblem) {
    super(describe(problem));
    this.rule = problem.rule;
    this.line = problem.at.line;
    this.column = problem.at.column;
    this.found = problem.found;
    this.accepted = problem.accepted;
  }
}

const SHOWN = 100; // characters of a long line

function describe({ rule, text, at, found, accepted, hint }: FormulaProblem): string {
  const line = text.split(/\r?\n/)[at.line - 1] ?? "";
  const from = line.length <= SHOWN ? 0 : Math.max(0, at.column - SHOWN / 2);
  const way = hint === undefined ? "" : ` (${hint})`;
  return [
    `Cannot read the formula of ${rule} at line ${at.line}, column ${at.column}: found ${found}, accepted here: ${accepted}${way}`,
    `  ${line.slice(from, from + SHOWN).replaceAll("\t", " ")}`,
    `  ${" ".repeat(Math.max(0, at.column - 1 - from))}^`,
  ].join("\n");
}

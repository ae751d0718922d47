// The types of schedule-parser.js, which is generated from schedule.peggy.
import type { AssignmentSyntax, ScheduleSyntax } from "../syntax.ts";

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

/**
 * A schedule's text that cannot be used, with the place: the message ends in the text and a caret under it.
 *
 *   Cannot read the schedule at column 15: "cosin" is no schedule. Did you mean "cosine"? …
 *     warmup(100) > cosin
 *                   ^
 */
export class ScheduleError extends SyntaxError {
  override readonly name = "ScheduleError";
  readonly spec: string;
  /** Counted from 1. */
  readonly column: number;

  constructor(spec: string, column: number, reason: string) {
    const line = spec.replaceAll(/\s/g, " "); // a line break would part the caret from what it points at
    super(`Cannot read the schedule at column ${column}: ${reason}\n  ${line}\n  ${" ".repeat(column - 1)}^`);
    this.spec = spec;
    this.column = column;
  }
}

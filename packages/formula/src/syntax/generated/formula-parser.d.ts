// The types of formula-parser.js, which is generated from formula.peggy.
import type { Statement } from "../tree.ts";

export interface Place {
  line: number;
  column: number;
  offset: number;
}
export class SyntaxError extends globalThis.SyntaxError {
  expected: { type: string; description?: string; text?: string }[];
  found: string | null;
  location: { start: Place; end: Place };
}
export function parse(text: string): Statement[];

/**
 * What the parser hands over: a schedule's text taken apart, each piece with its column (from 1), so that
 * whatever is refused later can still be pointed at.
 */

/** `0.3`, `5%` (number 5, type "percent") or a word such as `linear`. */
export type ValueSyntax =
  | {
      readonly type: "number" | "percent";
      readonly number: number;
      readonly text: string;
      readonly column: number;
    }
  | { readonly type: "word"; readonly word: string; readonly text: string; readonly column: number };

/** `floor=0.01`, or a bare length, whose key is null. */
export interface SettingSyntax {
  readonly key: string | null;
  readonly value: ValueSyntax;
  readonly column: number;
}

/** `cosine(9500, floor=0.01)`. */
export interface PartSyntax {
  readonly name: string;
  readonly settings: readonly SettingSyntax[];
  readonly column: number;
}

/**
 * What the parser hands over: a schedule's text taken apart, each piece with its column (from 1), so that
 * whatever is refused later can still be pointed at.
 */

/** `0.3`, `5%`, `3 epochs` (number 3, type "epochs"). */
export interface AmountSyntax {
  readonly type: "number" | "percent" | "epochs";
  readonly number: number;
  readonly text: string;
  readonly column: number;
}

/** An amount, a word such as `linear`, or a list of amounts. */
export type ValueSyntax =
  | AmountSyntax
  | { readonly type: "word"; readonly word: string; readonly text: string; readonly column: number }
  | {
      readonly type: "list";
      readonly list: readonly AmountSyntax[];
      readonly text: string;
      readonly column: number;
    };

/** `floor=0.01`, or a bare length, whose key is null. */
export interface ValueSetting {
  readonly key: string | null;
  readonly value: ValueSyntax;
  readonly column: number;
}

/** The schedule inside `repeat(…)`. */
export interface ScheduleSetting {
  readonly key: null;
  readonly schedule: ScheduleSyntax;
  readonly column: number;
}

/** `cosine(9500, floor=0.01)`. */
export interface CallSyntax {
  readonly type: "call";
  readonly name: string;
  readonly settings: readonly (ValueSetting | ScheduleSetting)[];
  readonly column: number;
}

/** A number that multiplies. */
export interface FactorSyntax {
  readonly type: "factor";
  readonly number: number;
  readonly column: number;
}

export interface SequenceSyntax {
  readonly type: "sequence";
  readonly parts: readonly ScheduleSyntax[];
  readonly column: number;
}

export interface ProductSyntax {
  readonly type: "product";
  readonly factors: readonly ScheduleSyntax[];
  readonly column: number;
}

export type ScheduleSyntax = CallSyntax | FactorSyntax | SequenceSyntax | ProductSyntax;

/** `momentum=onecycle-momentum`; the name is null in a spec that names no hyperparameter. */
export interface AssignmentSyntax {
  readonly name: string | null;
  readonly schedule: ScheduleSyntax;
  readonly column: number;
}

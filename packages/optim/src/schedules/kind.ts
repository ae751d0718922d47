/**
 * The silhouette every schedule shares: its data, its formula for people, its parameters, its factor.
 *
 * A *curve* is plain JSON such as `{ kind: "cosine", steps: 900, floor: 0 }`. Its *factor* at step k, the
 * 0-based index of the update, multiplies the peak value of a hyperparameter; it has no unit and lies in [0, 1].
 * Every factor is a closed form, so a resumed run asks for step k directly: nothing is replayed.
 */

/** What all curves have: which formula, over how many steps. */
export interface CurveBase {
  readonly kind: string;
  readonly steps: number;
}

/** Numbers a parameter may take: the words complete "must be …". */
export interface Range {
  readonly words: string;
  contains(x: number): boolean;
}

export interface Parameter {
  readonly name: string;
  readonly meaning: string;
  /** A count of steps (`30` or `5%` of the run), a number in a range, or one of a few words. */
  readonly takes:
    | { readonly count: Range }
    | { readonly number: Range }
    | { readonly words: readonly string[] };
  /** Absent: must be given. `derived` follows from the curve's own length. */
  readonly default?: number | string | { readonly derived: string; from(steps: number): number | undefined };
}

/** Why a combination of values makes no curve, and which parameter to point at. */
export interface Refusal {
  readonly parameter: string;
  readonly reason: string;
}

export interface Kind<C extends CurveBase = CurveBase> {
  readonly summary: string;
  /** LaTeX, in the parameters' names; k is the step, T the curve's length. */
  readonly formula: string;
  readonly source: string;
  readonly parameters: readonly Parameter[];
  /** The factor at 0 ≤ k ≤ steps; the value at k = steps is held ever after. */
  factor(curve: C, k: number): number;
  /** What no single range can say; called once every value is in its range and steps ≥ 1. */
  refuse?(curve: C): Refusal | undefined;
}

/** From none of the peak to all of it. */
export const fraction: Range = {
  words: "in [0, 1], where 1 is the peak",
  contains: (x) => x >= 0 && x <= 1,
};

export const proportion: Range = { words: "in (0, 1)", contains: (x) => x > 0 && x < 1 };

export const decayRate: Range = { words: "in (0, 1]", contains: (x) => x > 0 && x <= 1 };

export const positive: Range = { words: "positive and finite", contains: (x) => x > 0 && x < Infinity };

export const atLeastOne: Range = { words: "finite and at least 1", contains: (x) => x >= 1 && x < Infinity };

export const positiveCount: Range = {
  words: "a whole number of steps, at least 1",
  contains: (x) => Number.isSafeInteger(x) && x >= 1,
};

export const count: Range = {
  words: "a whole number of steps, 0 or more",
  contains: (x) => Number.isSafeInteger(x) && x >= 0,
};

/**
 * The silhouette every schedule shares: its data, its formula for people, its parameters, its factor.
 *
 * A *curve* is plain JSON such as `{ kind: "cosine", steps: 900, floor: 0 }`. Its *factor* at step k, the
 * 0-based index of the update, multiplies the base value of a hyperparameter; it has no unit, and 1 is the peak.
 * Every factor is a closed form, so a resumed run asks for step k directly: nothing is replayed.
 */

/** What all curves have: which formula, over how many steps. */
export interface CurveBase {
  readonly kind: string;
  readonly steps: number;
  /** Beyond the last step: hold the value at k = T (absent), or go on with the formula. */
  readonly past?: "hold" | "continue";
}

/** What the value of a parameter may be. */
export type Value = number | string | readonly number[];

/** Numbers a parameter may take: the words complete "must be …". */
export interface Range {
  readonly words: string;
  contains(x: number): boolean;
}

export interface Parameter {
  readonly name: string;
  readonly meaning: string;
  /** A count of steps (`30` or `5%` of the run) or a number in a range, one or a list of them, or one of a few words. */
  readonly takes:
    | { readonly count: Range }
    | { readonly number: Range }
    | { readonly counts: Range }
    | { readonly numbers: Range }
    | { readonly words: readonly string[] };
  /** Absent: must be given. `derived` follows from the curve's own length, or is what its absence means. */
  readonly default?: number | string | { readonly derived: string; from(steps: number): number | undefined };
}

/** Why a combination of values makes no curve, and which parameter to point at. */
export interface Refusal {
  readonly parameter: string;
  readonly reason: string;
}

/** What `thalweg schedules NAME` explains: schedules and the ways to combine them alike. */
export interface Described {
  readonly summary: string;
  /** LaTeX, in the parameters' names; k is the step, T the curve's length. */
  readonly formula: string;
  readonly source: string;
  readonly parameters: readonly Parameter[];
}

export interface Kind<C extends CurveBase = CurveBase> extends Described {
  /** The factor at 0 ≤ k ≤ steps; the value at k = steps is held ever after, unless the curve continues. */
  factor(curve: C, k: number): number;
  /** Whether the curve goes on past its end; absent: where it says `past=continue`. */
  continues?(curve: C): boolean;
  /** What no single range can say; called once every value is in its range and steps ≥ 1. */
  refuse?(curve: C): Refusal | undefined;
  /** The curve after a metric was measured before update k; absent for pure functions of the step. */
  observe?(curve: C, k: number, metric: number): C;
  /** Absent: whether the schedule language can write it; false where it needs a function. */
  readonly writable?: false;
}

/** For kinds whose formula means something beyond T. */
export const past: Parameter = {
  name: "past",
  meaning: "beyond its end: hold the value, or continue the formula",
  takes: { words: ["hold", "continue"] },
  default: { derived: "hold", from: () => undefined },
};

/** Whose convention to follow where libraries differ; the first is what absence means. */
export const dialect = (meaning: string, ...words: [string, string, ...string[]]): Parameter => ({
  name: "dialect",
  meaning,
  takes: { words },
  default: { derived: words[0], from: () => undefined },
});

/** From none of the peak to all of it. */
export const fraction: Range = {
  words: "in [0, 1], where 1 is the peak",
  contains: (x) => x >= 0 && x <= 1,
};

/** A factor that may also raise: a batch size grows. */
export const nonNegative: Range = { words: "finite and 0 or more", contains: (x) => x >= 0 && x < Infinity };

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

/** The first place where a list does not rise; undefined where it does. */
export function firstUnsorted(list: readonly number[]): readonly [number, number] | undefined {
  const i = list.findIndex((x, j) => j > 0 && !(x > list[j - 1]!));
  return i < 0 ? undefined : [list[i - 1]!, list[i]!];
}

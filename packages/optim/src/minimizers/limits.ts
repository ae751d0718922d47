/** When a run ends, besides what the method says itself. */

export interface Limits {
  /** Evaluations of all kinds, 100 000 unless told; a component of a finite sum is one N-th. */
  readonly budget?: number;
  /** Iterates after the first. */
  readonly iterations?: number;
  /** End where ‖∇f‖∞ is at most this, 1e-8 unless told. */
  readonly gradientTolerance?: number;
  /** End where F is at most this. */
  readonly target?: number;
  /** Of methods that draw. */
  readonly seed?: number;
  /** What is kept of each iterate. */
  readonly trace?: "none" | "values" | "points";
  readonly signal?: AbortSignal;
}

export const DEFAULT_LIMITS = {
  budget: 100_000,
  iterations: Number.POSITIVE_INFINITY,
  gradientTolerance: 1e-8,
  target: Number.NEGATIVE_INFINITY,
  seed: 0,
  trace: "values",
} as const satisfies Limits;

/** What must hold of each limit, to follow "must be". */
const REQUIREMENTS: readonly (readonly [keyof Limits, string, (value: number) => boolean])[] = [
  ["budget", "a number >= 0", (v) => v >= 0],
  [
    "iterations",
    "a whole number >= 0, or Infinity",
    (v) => v >= 0 && (Number.isInteger(v) || v === Infinity),
  ],
  ["gradientTolerance", "a number >= 0", (v) => v >= 0],
  ["target", "a number", (v) => !Number.isNaN(v)],
  ["seed", "a whole number >= 0", (v) => Number.isSafeInteger(v) && v >= 0],
];

/** Raises RangeError for a limit that is none; `cannot` says what cannot be done with it. */
export function checkLimits(cannot: string, limits: Limits): void {
  for (const [name, requirement, holds] of REQUIREMENTS) {
    const value = limits[name] as number;
    if (holds(value)) continue;
    throw new RangeError(`${cannot} as ${name} must be ${requirement}: current value is ${value}`);
  }
}

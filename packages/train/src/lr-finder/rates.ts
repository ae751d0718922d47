/**
 * The rates that a range test visits, as a pure function of the step.
 *
 *   exponential  lr_i = from · (to/from)^p       linear  lr_i = from + (to − from) · p
 *
 * The tools differ in p, the progress at step i of n: torch-lr-finder reaches both ends, `i/(n−1)`; fastai stops one short of
 * the upper, `i/n`; Lightning starts at the lower one and then runs one ahead, `(i+1)/n`. Same names, different rates: so p is a choice.
 */

export interface RateRange {
  /** First and highest rate, in parameter units per unit of update. */
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  /** Equal factors between rates, or equal differences (Smith, arXiv:1506.01186, §3.3). Exponential by default. */
  readonly spacing?: "exponential" | "linear";
  readonly progress?: keyof typeof PROGRESS;
}

/** p at step i of n. */
const PROGRESS = {
  "both-ends": (i: number, n: number) => i / (n - 1),
  fastai: (i: number, n: number) => i / n,
  lightning: (i: number, n: number) => (i === 0 ? 0 : (i + 1) / n),
} as const;

/** A local fit needs some points on either side of a bend; with fewer steps there is no curve to read. */
const LEAST_STEPS = 20;

/** The rates of all steps. Raises RangeError for ends that are not 0 < from < to, or too few steps. */
export function testRates(range: RateRange): Float64Array {
  const { from, to, steps, spacing = "exponential", progress = "both-ends" } = range;
  if (!(from > 0 && to > from && to < Infinity)) {
    throw new RangeError(
      `Cannot test learning rates as the range must be 0 < from < to, both finite: it is from ${from} to ${to}`,
    );
  }
  if (!(Number.isSafeInteger(steps) && steps >= LEAST_STEPS)) {
    throw new RangeError(
      `Cannot test learning rates as steps must be a whole number, at least ${LEAST_STEPS}: current value is ${steps}`,
    );
  }
  if (!Object.hasOwn(PROGRESS, progress) || !(spacing === "exponential" || spacing === "linear")) {
    throw new RangeError(
      `Cannot test learning rates as spacing must be exponential or linear and progress one of ${Object.keys(PROGRESS).join(", ")}: they are ${spacing} and ${progress}`,
    );
  }
  return Float64Array.from({ length: steps }, (_, i) => {
    const p = PROGRESS[progress](i, steps);
    if (p === 1) return to; // exactly, whatever the power's last bit
    return spacing === "linear" ? from + (to - from) * p : from * (to / from) ** p;
  });
}

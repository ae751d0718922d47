/**
 * When a record counts: the rules of modded-nanogpt's optimisation track, for those who keep records in its way.
 *
 *   accept a mean loss over n runs      (3.28 − mean) √n ≥ 0.004
 *   one recipe beats another            (mean₂ − mean₁) / √(1/n₁ + 1/n₂) ≥ 0.004
 *
 * Both are z-tests with a known deviation of 0.0013 between seeds: 0.004 is 3.09 of them, p < 0.001 one-sided. Losses are published
 * with four decimals, and a mean exactly on the edge counts: 3.28 − 3.278 is a hair below 0.002 in binary, so the comparison allows for it.
 * Source: KellerJordan/modded-nanogpt, records/track_3_optimization/README.md.
 */

const TARGET = 3.28;
const THRESHOLD = 0.004;
/** Of binary fractions, far below the last published decimal. */
const ROUNDING = 1e-9;

/** Whether n runs with this mean validation loss reach the target. */
export const acceptsRecord = (mean: number, n: number): boolean =>
  (TARGET - mean) * Math.sqrt(n) >= THRESHOLD - ROUNDING;

/** Loss differences in units of which `THRESHOLD` is significant. */
export const recordMargin = (difference: number, n1: number, n2: number): number =>
  difference / Math.sqrt(1 / n1 + 1 / n2);

/** Whether a mean that is lower by `difference` over n₁ runs beats one over n₂. */
export const beatsRecord = (difference: number, n1: number, n2: number): boolean =>
  recordMargin(difference, n1, n2) >= THRESHOLD - ROUNDING;

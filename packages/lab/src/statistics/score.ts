/**
 * Scores in [0, 1], by which tasks with different metrics can be put together, and their robust means.
 *
 *   score = (L₀ − L) / (L₀ − L*)        L₀ the untrained model's value, L* the best value known; below 0 it counts as 0
 *
 * L* is never taken from the study itself: scores must not move when a rule is added. A run that did not finish scores 0.
 * The interquartile mean drops a quarter of the scores at each end; the optimality gap is what is missing to 1.
 * Source: Agarwal et al., NeurIPS 2021 ("rliable").
 */

/** What is trimmed at each end. */
const TRIMMED = 0.25;

/**
 * Score of a value; works for metrics of either direction, as both differences change sign together.
 *
 * Errors    RangeError when start and best are equal or not finite: then there is no scale.
 */
export function normalisedScore(value: number | null, start: number, best: number): number {
  if (!(Number.isFinite(start) && Number.isFinite(best) && start !== best)) {
    throw new RangeError(
      `Cannot score a value as the untrained model's value and the best one must be finite and differ: got ${start} and ${best}`,
    );
  }
  if (value === null || !Number.isFinite(value)) return 0;
  return Math.max(0, (start - value) / (start - best));
}

/** Values that stand `weights` times each, weights whole numbers: what is left between the quarters at both ends, averaged. */
export function interquartileMean(
  values: ArrayLike<number>,
  weights?: ArrayLike<number>,
  order: ArrayLike<number> = orderOf(values),
): number {
  let total = 0;
  for (let i = 0; i < values.length; i += 1) total += weights ? weights[i]! : 1;
  const cut = Math.floor(TRIMMED * total);
  let before = 0;
  let sum = 0;
  for (let j = 0; j < order.length; j += 1) {
    const index = order[j]!;
    const weight = weights ? weights[index]! : 1;
    const from = before < cut ? cut : before;
    before += weight;
    const to = before > total - cut ? total - cut : before;
    if (to > from) sum += (to - from) * values[index]!;
  }
  return sum / (total - 2 * cut);
}

/** Mean of 1 − score, scores above 1 counted as 1. */
export function optimalityGap(values: ArrayLike<number>, weights?: ArrayLike<number>): number {
  let total = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) {
    const weight = weights ? weights[i]! : 1;
    total += weight;
    sum += weight * (1 - Math.min(1, values[i]!));
  }
  return sum / total;
}

export function weightedMean(values: ArrayLike<number>, weights: ArrayLike<number>): number {
  let total = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) {
    total += weights[i]!;
    sum += weights[i]! * values[i]!;
  }
  return sum / total;
}

/** Indices of the values from the smallest to the largest. */
export const orderOf = (values: ArrayLike<number>): Uint32Array =>
  new Uint32Array(values.length)
    .map((_, i) => i)
    .sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0));

/**
 * How much room a rule leaves for the learning rate: the width in decades of rates whose trials come close to the best.
 *
 *   close: loss ≤ best + 0.1 (initial − best)        width = log₁₀(largest / smallest) of the rates of close trials
 *
 * Other searched values vary between trials too, so this is the reach of good trials, not of a curve at fixed other values.
 */

export interface LearningRateWidth {
  decades: number;
  low: number;
  high: number;
}

/** Of what was gained from the start to the best. */
const CLOSE = 0.1;

/** `null` where no trial is better than the start. Losses that are not finite are never close. */
export function learningRateWidth(
  trials: readonly { rate: number; loss: number }[],
  initial: number,
): LearningRateWidth | null {
  const finite = trials.filter(({ rate, loss }) => rate > 0 && Number.isFinite(loss));
  const best = Math.min(...finite.map(({ loss }) => loss));
  if (!(best < initial)) return null;
  const rates = finite.filter(({ loss }) => loss <= best + CLOSE * (initial - best)).map(({ rate }) => rate);
  const low = Math.min(...rates);
  const high = Math.max(...rates);
  return { decades: Math.log10(high / low), low, high };
}

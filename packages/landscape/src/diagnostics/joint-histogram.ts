/**
 * Where gradients are, by the weights that they are of: how many numbers have a gradient in one of 40 bins and a weight in one of 50. Both
 * ranges reach from −r to r, with r the least power of two that holds all, so that they stay the same from one look to the next.
 *
 * Source   Cockpit's GradHist2d, arXiv:2102.06604, section 3, of the batch's gradient in place of single ones.
 */
export interface JointHistogram {
  readonly gradientReach: number;
  readonly weightReach: number;
  /** counts[g][w], both from below; what is not finite is not counted. */
  readonly counts: readonly (readonly number[])[];
}

const [GRADIENT_BINS, WEIGHT_BINS] = [40, 50];

export function jointHistogram(gradients: Float32Array, weights: Float32Array): JointHistogram {
  const [gradientReach, weightReach] = [reachOf(gradients), reachOf(weights)];
  const counts = Array.from({ length: GRADIENT_BINS }, () => new Array<number>(WEIGHT_BINS).fill(0));
  for (let i = 0; i < gradients.length; i++) {
    const [g, w] = [gradients[i]!, weights[i]!];
    if (!Number.isFinite(g) || !Number.isFinite(w)) continue;
    counts[binOf(g, gradientReach, GRADIENT_BINS)]![binOf(w, weightReach, WEIGHT_BINS)]!++;
  }
  return { gradientReach, weightReach, counts };
}

const binOf = (value: number, reach: number, bins: number): number =>
  Math.min(bins - 1, Math.floor(((value + reach) / (2 * reach)) * bins));

/** 1 where all are zero. */
function reachOf(values: Float32Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (size > most && size < Number.POSITIVE_INFINITY) most = size;
  }
  return most === 0 ? 1 : 2 ** Math.ceil(Math.log2(most));
}

/**
 * The ways of known tools to read one rate off a curve of (smoothed) loss against rate, each exactly as in its source.
 *
 * All take equally long rates and losses, the rates rising, and answer undefined where the source would raise or has no
 * point to give. Indices and derivatives follow NumPy: `gradient` has central differences inside and one-sided ones
 * at the ends; `argmin` answers the first minimum, and a NaN if there is one.
 *
 * Differs  fastai and Lightning hold curves in float32 tensors; here they are float64.
 */

/** Rate and loss at each step of a curve. */
export interface LossCurve {
  readonly rates: readonly number[];
  readonly losses: readonly number[];
}

/**
 * fastai `valley`: a third and a half third into the longest valley.
 *
 * The "valley" is the longest strictly decreasing subsequence, which need not be contiguous: it ends at the first index
 * where the greatest length is reached, and its start is taken to be that index minus the length.
 */
export function valley({ rates, losses }: LossCurve): number | undefined {
  const n = losses.length;
  if (n === 0) return undefined;
  const lengths = new Array<number>(n).fill(1);
  let start = 0;
  let end = 0;
  for (let i = 1; i < n; i++) {
    for (let j = 0; j < i; j++) {
      if (losses[i]! < losses[j]! && lengths[i]! < lengths[j]! + 1) lengths[i] = lengths[j]! + 1;
      if (lengths[end]! < lengths[i]!) {
        end = i;
        start = end - lengths[end]!;
      }
    }
  }
  const third = (end - start) / 3;
  const index = start + Math.trunc(third) + Math.trunc(third / 2);
  return rates.at(index); // −1, the last, where nothing ever falls: as Python reads it
}

/**
 * fastai `slide`: a window of 15 points slides from the right to the left until the slopes at its two ends differ by
 * 0.005 or less; the rate at the left end of the last window that was steeper. Slopes are per step, not per rate.
 */
export function slide({ rates, losses }: LossCurve): number | undefined {
  const [WINDOW, THRESHOLD] = [15, 0.005];
  if (losses.length < WINDOW + 1) return undefined;
  const slopes = gradientByIndex(losses);
  let right = losses.length - 1;
  let left = right - WINDOW;
  let suggestion = rates[left]!;
  while (left >= 0 && Math.abs(slopes[right]! - slopes[left]!) > THRESHOLD) {
    suggestion = rates[left]!;
    right--;
    left--;
  }
  return suggestion;
}

/** fastai `minimum`: a tenth of the rate of the lowest loss. */
export function minimumOverTen({ rates, losses }: LossCurve): number | undefined {
  return losses.length === 0 ? undefined : rates[argmin(losses)]! / 10;
}

/** fastai `steep`: the left end of the steepest fall per ln lr, argmin (ℓ_{i+1} − ℓ_i)/(ln lr_{i+1} − ln lr_i). */
export function steep({ rates, losses }: LossCurve): number | undefined {
  if (losses.length < 2) return undefined;
  const slopes = losses
    .slice(1)
    .map((loss, i) => (loss - losses[i]!) / (Math.log(rates[i + 1]!) - Math.log(rates[i]!)));
  return rates[argmin(slopes)];
}

/** torch-lr-finder and Lightning before 2.5.3: the steepest fall per step, argmin of NumPy's gradient. */
export function steepestPerStep({ rates, losses }: LossCurve): number | undefined {
  return losses.length < 2 ? undefined : rates[argmin(gradientByIndex(losses))];
}

/** Lightning from 2.5.3: the steepest fall per unit of lr. Tiny rates win by noise: its dℓ/dlr is (dℓ/d ln lr)/lr. */
export function steepestPerRate({ rates, losses }: LossCurve): number | undefined {
  return losses.length < 2 ? undefined : rates[argmin(gradientBySpacing(losses, rates))];
}

/** ignite: the steepest fall per step before the lowest loss, by central differences; needs two points before it. */
export function steepestBeforeMinimum({ rates, losses }: LossCurve): number | undefined {
  const falling = losses.slice(0, argmin(losses) + 1);
  if (falling.length < 3) return undefined;
  const slopes = falling.slice(2).map((loss, i) => 0.5 * (loss - falling[i]!));
  return rates[argmin(slopes) + 1];
}

/** 0 for the first `sma` points, then (ℓ_i − ℓ_{i−sma})/sma. */
export const movingSlopes = (losses: readonly number[], sma: number): number[] =>
  losses.map((loss, i) => (i < sma ? 0 : (loss - losses[i - sma]!) / sma));

/** NumPy's `argmin`: the first NaN if there is one, else the first smallest. */
function argmin(values: readonly number[]): number {
  const nan = values.findIndex(Number.isNaN);
  return nan >= 0 ? nan : values.indexOf(values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY));
}

/** NumPy's `gradient(values)`, for at least two values. */
function gradientByIndex(values: readonly number[]): number[] {
  const last = values.length - 1;
  return values.map((value, i) => {
    if (i === 0) return values[1]! - value;
    return i === last ? value - values[last - 1]! : (values[i + 1]! - values[i - 1]!) / 2;
  });
}

/** NumPy's `gradient(values, x)`: second order on uneven spacing inside, one-sided at the ends. */
function gradientBySpacing(values: readonly number[], x: readonly number[]): number[] {
  const last = values.length - 1;
  return values.map((value, i) => {
    if (i === 0) return (values[1]! - value) / (x[1]! - x[0]!);
    if (i === last) return (value - values[last - 1]!) / (x[last]! - x[last - 1]!);
    const [h, k] = [x[i]! - x[i - 1]!, x[i + 1]! - x[i]!]; // to the left and to the right
    const [a, b, c] = [-k / (h * (h + k)), (k - h) / (h * k), h / (k * (h + k))];
    return a * values[i - 1]! + b * value + c * values[i + 1]!;
  });
}

/**
 * Bootstrap interval of a mean: bias-corrected and accelerated (BCa), 95 %.
 *
 * With at most 10 000 possible resamples (n ≤ 5) all nⁿ are enumerated and the interval is free of Monte-Carlo error; above that,
 * B = 10 000 resamples are drawn from a Philox stream, so the same data and seed give the same interval on any machine.
 * Few seeds make any bootstrap interval too narrow: over normal values this one covers the true mean 68 % of the time at n = 3, 83 % at
 * n = 5 and 89 % at n = 10 (simulated). The paired test, not the interval alone, therefore decides verdicts (`paired.ts`).
 */
import { normalCdf, normalQuantile } from "./distributions.ts";
import { RESAMPLES, resampledMeans } from "./draws.ts";

export const LEVEL = 0.95;

export interface Interval {
  low: number;
  high: number;
}

export interface BootstrapMean {
  mean: number;
  interval: Interval | null;
  /** Why there is no interval, or why it has no width; empty otherwise. */
  note: string;
}

/**
 * Mean of `values` with its 95 % BCa bootstrap interval.
 *
 * Degenerate cases are explicit: one value has no interval; equal values have one of zero width.
 *
 * Errors    RangeError when empty or not finite: a diverged run has to be dealt with before averaging.
 * Source    Efron, JASA 82 (1987) 171–185; DiCiccio & Efron, Statistical Science 11 (1996) 189–228, eqs. 2.2–2.10.
 */
export function bootstrapMean(values: readonly number[], seed: number): BootstrapMean {
  const n = values.length;
  if (n === 0 || !values.every(Number.isFinite)) {
    throw new RangeError(
      `Cannot bootstrap a mean as it needs finite values, at least one: got [${values.join(", ")}]`,
    );
  }
  const mean = meanOf(values);
  if (n === 1) return { mean, interval: null, note: "one run has no interval" };
  if (values.every((value) => value === values[0])) {
    const value = values[0] ?? mean;
    return { mean: value, interval: { low: value, high: value }, note: "all runs ended with the same value" };
  }
  const resampled = n ** n <= RESAMPLES ? enumerateMeans(values) : resampledMeans(values, seed);
  return { mean, interval: bcaInterval(values, resampled), note: "" };
}

/**
 * The BCa interval of a mean, from a given resampling distribution.
 *
 *   z₀ = Φ⁻¹(share of resampled means below the mean, ties counted half)      a = Σd³ / 6(Σd²)^{3/2},  d = x − x̄
 *   α₁ = Φ(z₀ + (z₀ + z_α) / (1 − a(z₀ + z_α)))      and α₂ likewise with z_{1−α}; the interval is their two quantiles
 *
 * `a` is the jackknife acceleration, which for a mean has this closed form. Ties count half as in scipy: with few seeds many resamples equal the
 * sample mean, and counting them on one side would shift z₀. Quantiles interpolate linearly (type 7 of Hyndman & Fan, NumPy's default).
 *
 * Shapes    values (n), n ≥ 2, not all equal; resampled (B): means of resamples of them, any order, sorted in place.
 */
export function bcaInterval(values: readonly number[], resampled: Float64Array): Interval {
  const mean = meanOf(values);
  const deviations = values.map((value) => value - mean);
  const rounding = 4 * values.length * Number.EPSILON * Math.max(...values.map(Math.abs));
  let below = 0;
  for (const other of resampled) below += other < mean - rounding ? 1 : other <= mean + rounding ? 0.5 : 0;
  const z0 = normalQuantile(below / resampled.length);
  const squares = deviations.reduce((sum, d) => sum + d * d, 0);
  const cubes = deviations.reduce((sum, d) => sum + d * d * d, 0);
  const acceleration = cubes / (6 * squares ** 1.5);
  const adjusted = (z: number) => normalCdf(z0 + (z0 + z) / (1 - acceleration * (z0 + z)));
  const z = normalQuantile((1 + LEVEL) / 2);
  resampled.sort();
  return { low: quantile(resampled, adjusted(-z)), high: quantile(resampled, adjusted(z)) };
}

/** Means of all nⁿ resamples of n values, in odometer order. */
export function enumerateMeans(values: readonly number[]): Float64Array {
  const n = values.length;
  const means = new Float64Array(n ** n);
  for (let index = 0; index < means.length; index += 1) {
    let sum = 0;
    for (let rest = index, k = 0; k < n; k += 1, rest = Math.floor(rest / n)) sum += values[rest % n] ?? 0;
    means[index] = sum / n;
  }
  return means;
}

/** Quantile of sorted values by linear interpolation between order statistics, p in [0, 1]. */
export function quantile(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  return low + (position - below) * (high - low);
}

/** Arithmetic mean, corrected once for the rounding of its own sum, so that equal values average to themselves. */
export function meanOf(values: readonly number[]): number {
  const rough = values.reduce((sum, value) => sum + value, 0) / values.length;
  return rough + values.reduce((sum, value) => sum + (value - rough), 0) / values.length;
}

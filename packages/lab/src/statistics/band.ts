/**
 * The A/A band: how far apart the same rule comes out when it is tuned and seeded twice.
 *
 *   h = 95th percentile of |mean of a resample of A − A′|, over all rules and all resamples of the seeds
 *
 * What two searches of one rule differ by is not a difference between rules. So a claimed difference needs an interval that lies wholly
 * outside [−h, h]. Winners of both searches are averaged before rules are compared, which halves their variance: the band is on the safe side.
 */
import type { Interval } from "./bootstrap.ts";
import { quantile } from "./bootstrap.ts";
import { RESAMPLES, resampledMeans } from "./draws.ts";

export const BAND_LEVEL = 0.95;

/**
 * Half-width of the band; `null` without a single list of finite differences.
 *
 * Shapes    differences[rule][seed] = value with the winner of A minus that of A′; a list with a value that is not finite is not used
 */
export function bandHalfWidth(differences: readonly (readonly number[])[], seed: number): number | null {
  const usable = differences.filter((list) => list.length > 0 && list.every(Number.isFinite));
  if (usable.length === 0) return null;
  const sizes = new Float64Array(usable.length * RESAMPLES);
  usable.forEach((list, k) => {
    sizes.set(
      resampledMeans(list, seed).map((mean) => Math.abs(mean)),
      k * RESAMPLES,
    );
  });
  return quantile(sizes.sort(), BAND_LEVEL);
}

/** Whether an interval lies wholly on one side of the band, and on which. */
export function outsideBand(interval: Interval, halfWidth: number): "lower" | "higher" | null {
  if (interval.high < -halfWidth) return "lower";
  if (interval.low > halfWidth) return "higher";
  return null;
}

/**
 * The A/A band: how far apart the same rule comes out when it is tuned and seeded twice.
 *
 *   h = 95th percentile of |mean of a resample of A − A′|, over all rules and all resamples of the seeds
 *
 * What two searches of one rule differ by is not a difference between rules. So a claimed difference needs an interval that lies wholly
 * outside [−h, h]. A percentile over two or three rules is little more than the largest of them, and then the band would be too narrow every
 * few studies (measured: 12 % false claims with two rules in place of 5 %). So h is at least what Student's t asks of so few:
 *
 *   h ≥ t₀.₉₇₅(R (r − 1)) · √(mean of d̄² over rules) / √r        R rules, r searches each, d̄ the mean of A − A′
 *
 * from the variance of the mean of r searches against that of another rule. From four rules on the percentile is the larger of the two.
 */
import type { Interval } from "./bootstrap.ts";
import { meanOf, quantile } from "./bootstrap.ts";
import { studentTQuantile } from "./distributions.ts";
import { RESAMPLES, resampledMeans } from "./draws.ts";

export const BAND_LEVEL = 0.95;

/**
 * Half-width of the band; `null` without a single list of finite differences.
 *
 * Shapes    differences[rule and pair of searches][seed] = value with the winner of A minus that of A′; a list with a value that is
 *           not finite is not used
 * @param searches  of each rule: 2 are one list per rule, r are r(r − 1)/2
 */
export function bandHalfWidth(
  differences: readonly (readonly number[])[],
  seed: number,
  searches = 2,
): number | null {
  const usable = differences.filter((list) => list.length > 0 && list.every(Number.isFinite));
  if (usable.length === 0) return null;
  const sizes = new Float64Array(usable.length * RESAMPLES);
  usable.forEach((list, k) => {
    const means = resampledMeans(list, seed);
    for (let draw = 0; draw < RESAMPLES; draw += 1) sizes[k * RESAMPLES + draw] = Math.abs(means[draw]!);
  });
  return Math.max(quantile(sizes.sort(), BAND_LEVEL), fewRules(usable, searches));
}

/** What Student's t asks for. */
function fewRules(usable: readonly (readonly number[])[], searches: number): number {
  const squares = usable.map((list) => meanOf(list) ** 2);
  const rules = usable.length / ((searches * (searches - 1)) / 2);
  const freedom = Math.max(1, Math.round(rules * (searches - 1)));
  return (studentTQuantile(0.5 + BAND_LEVEL / 2, freedom) * Math.sqrt(meanOf(squares))) / Math.sqrt(searches);
}

/** Whether an interval lies wholly on one side of the band, and on which. */
export function outsideBand(interval: Interval, halfWidth: number): "lower" | "higher" | null {
  if (interval.high < -halfWidth) return "lower";
  if (interval.low > halfWidth) return "higher";
  return null;
}

/**
 * A/A bands: how far apart the same rule comes out when it is tuned and seeded twice. What two searches of one rule differ by is not a
 * difference between rules: a claimed difference needs an interval that lies wholly outside [−h, h].
 *
 * Searches are the units here: with r searches of each of two rules, h is the half-width of the two-sample t-interval of their means,
 *
 *   h = t₀.₉₇₅(2(r − 1)) √(q / r)      q: mean of d̄² over pairs of searches of the one rule and of the other, d̄ = mean of A − A′ over seeds
 *
 * and at least that of a *usual* rule of the study, t₀.₉₇₅(R(r − 1)) · (median |d̄| / 0.6745) / √r over R rules, so that two searches that agree by
 * accident do not count as certainty. One width for all, the 95th percentile of |d̄| over rules and resamples, is told beside it but does not
 * judge: searches of one rule may be thirty times as noisy as those of others. Then among 15 rules that width makes a false claim about the noisy
 * one in 57 % of studies, and is five times too wide for the rest; this one makes it in up to about 15 % and 4 % where rules are alike
 * (simulated, before seeds are judged, too).
 */
import type { Interval } from "./bootstrap.ts";
import { meanOf, quantile } from "./bootstrap.ts";
import { studentTQuantile } from "./distributions.ts";
import { RESAMPLES, resampledMeans } from "./draws.ts";
import { median } from "./summary.ts";

export const BAND_LEVEL = 0.95;
const TWO_SIDED = (1 + BAND_LEVEL) / 2;
/** Median of |z|: what a median of sizes is divided by to be a standard deviation. */
const MEDIAN_SIZE = 0.6745;

/**
 * 95th percentile of |mean of a resample of A − A′| over all rules; `null` without a single list of finite differences.
 *
 * Shapes    differences[rule and pair of searches][seed]; a list with a value that is not finite is not used
 */
export function bandPercentile(differences: readonly (readonly number[])[], seed: number): number | null {
  const usable = differences.filter((list) => list.length > 0 && list.every(Number.isFinite));
  if (usable.length === 0) return null;
  const sizes = new Float64Array(usable.length * RESAMPLES);
  usable.forEach((list, k) => {
    const means = resampledMeans(list, seed);
    for (let draw = 0; draw < RESAMPLES; draw += 1) sizes[k * RESAMPLES + draw] = Math.abs(means[draw]!);
  });
  return quantile(sizes.sort(), BAND_LEVEL);
}

/**
 * The band between two rules as noisy as is usual in a study.
 *
 * @param means     d̄ of every pair of searches of every rule: r(r − 1)/2 a rule; `null` comes back where there is none
 * @param searches  r, of each rule
 */
export function usualBand(means: readonly number[], searches: number): number | null {
  if (means.length === 0) return null;
  const rules = means.length / ((searches * (searches - 1)) / 2);
  const freedom = Math.max(1, Math.round(rules * (searches - 1)));
  const deviation = median(means.map(Math.abs)) / MEDIAN_SIZE;
  return (studentTQuantile(TWO_SIDED, freedom) * deviation) / Math.sqrt(searches);
}

/**
 * The band between two rules, from their own searches.
 *
 * @param own       d̄ of every pair of searches, of the one and of the other; `null` for a rule of which nothing is searched: it has no such noise
 * @param usual     the least that it is; and what it is where neither's searches are known
 */
export function pairBand(
  own: readonly [readonly number[] | null, readonly number[] | null],
  usual: number | null,
  searches: number,
): number | null {
  const searched = own.filter((means) => means !== null);
  if (searched.length === 0) return 0;
  const known = searched.filter((means) => means.length > 0);
  if (known.length === 0) return usual;
  const squares = known.reduce((sum, means) => sum + meanOf(means.map((d) => d * d)), 0);
  const freedom = known.length * (searches - 1);
  const width = studentTQuantile(TWO_SIDED, freedom) * Math.sqrt(squares / (2 * searches));
  return Math.max(width, usual ?? 0);
}

/** Whether an interval lies wholly on one side of the band, and on which. */
export function outsideBand(interval: Interval, halfWidth: number): "lower" | "higher" | null {
  if (interval.high < -halfWidth) return "lower";
  if (interval.low > halfWidth) return "higher";
  return null;
}

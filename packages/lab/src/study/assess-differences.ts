/**
 * Differences between rules, seed by seed, judged together and against the A/A band.
 *
 * A difference counts where its interval lies wholly outside the band and p ≤ 0.05 after Holm's correction. Where runs did not finish
 * there is no mean: the signed-rank test, to which they are the largest differences, and the order-statistic interval of the median take over.
 */
import {
  ALPHA,
  type Better,
  holm,
  outsideBand,
  pairedDifference,
  seedsNeeded,
  signedRankP,
} from "../statistics/index.ts";
import type { Difference } from "./assessment.ts";

/** What is to be judged: values of both rules on the same seeds, NaN where a run did not finish. */
export interface Pairing {
  rule: string;
  minus: string;
  values: readonly number[];
  minusValues: readonly number[];
  better: Better;
  /** Half-width of the A/A band; `null` where it was not measured. */
  band: number | null;
}

/** Judge all of them as one family. `seed` places the resampling. */
export function judgeTogether(pairings: readonly Pairing[], seed: number): Difference[] {
  const family = pairings.length;
  const measured = pairings.map((pairing) => measure(pairing, seed, family));
  const adjusted = holm(measured.map(({ p }) => p ?? 1));
  return measured.map((difference, index) => judge(difference, adjusted[index]!, family));
}

type Measured = Omit<Difference, "pHolm" | "side" | "reason"> & {
  /** Of the mean, or of the median where there is no mean; bounds may be infinite. */
  reach: { low: number; high: number } | null;
};

function measure(
  { rule, minus, values, minusValues, better, band }: Pairing,
  seed: number,
  family: number,
): Measured {
  const n = values.length;
  const lost = values.filter((value) => !Number.isFinite(value)).length;
  const lostMinus = minusValues.filter((value) => !Number.isFinite(value)).length;
  const common = { rule, minus, n, lost, lostMinus, band };
  const nothing = {
    mean: null,
    interval: null,
    test: "none",
    p: null,
    seedsNeeded: null,
    reach: null,
  } as const;
  if (n === 0) return { ...common, ...nothing };
  if (lost + lostMinus > 0) {
    const differences = values.map((value, i) => withLost(value, minusValues[i]!, better));
    return {
      ...common,
      ...nothing,
      test: "signed-rank",
      p: signedRankP(differences),
      reach: medianReach(differences),
    };
  }
  const { mean, interval, test, p } = pairedDifference(values, minusValues, { seed, family });
  const differences = values.map((value, i) => value - minusValues[i]!);
  const needed = mean === null ? null : seedsNeeded(mean, deviation(differences), band ?? 0);
  return { ...common, mean, interval, test, p, seedsNeeded: n < 2 ? null : needed, reach: interval };
}

function judge({ reach, ...difference }: Measured, pHolm: number, family: number): Difference {
  const { band, p } = difference;
  const outside = reach !== null && band !== null ? outsideBand(reach, band) : null;
  const significant = p !== null && pHolm <= ALPHA;
  return {
    ...difference,
    pHolm: p === null ? null : pHolm,
    side: outside !== null && significant ? outside : "not distinguishable",
    reason: grounds({ reach, ...difference }, p === null ? null : pHolm, family),
  };
}

/** Why it was judged so. */
function grounds(difference: Measured, pHolm: number | null, family: number): string {
  const { n, lost, lostMinus, rule, minus, band, reach, test, mean } = difference;
  if (n === 0) return `${rule} and ${minus} have no seed in common yet`;
  const unfinished =
    lost + lostMinus > 0
      ? `runs did not finish on ${lost} of ${n} seeds of ${rule} and ${lostMinus} of ${n} of ${minus}, so there is no mean difference; `
      : "";
  if (n < 2) return `${unfinished}one seed cannot tell a difference from noise`;
  if (pHolm === null)
    return `${unfinished}the ${n} differences are equal, so there is no spread to judge them by`;
  const tested = `p = ${Number(pHolm.toPrecision(2))} (${test} test over ${n} seeds${family > 1 ? `, Holm-corrected over ${family} comparisons` : ""})`;
  if (band === null) {
    return `${unfinished}nothing was searched twice, so it is not known how far apart two searches of one rule come out; by the seeds alone ${tested}`;
  }
  const width = `±${Number(band.toPrecision(3))}`;
  if (reach === null) return `${unfinished}${n} seeds are too few for an interval; ${tested}`;
  if (outsideBand(reach, band) !== null) {
    return `${unfinished}the interval lies outside the A/A band of ${width}, and ${tested}`;
  }
  if (mean !== null && Math.abs(mean) <= band) {
    return `${unfinished}the difference lies within the A/A band of ${width}, which the luck of their searches accounts for; ${tested}`;
  }
  return `${unfinished}the interval reaches into the A/A band of ${width}; ${tested}`;
}

/** The difference of two values of which one may be lost: then it is infinite, to the loser's harm; of two that are lost it is 0. */
function withLost(a: number, b: number, better: Better): number {
  const [lostA, lostB] = [!Number.isFinite(a), !Number.isFinite(b)];
  if (lostA && lostB) return 0;
  if (!lostA && !lostB) return a - b;
  return (lostA ? 1 : -1) * (better === "lower" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
}

/**
 * Order statistics between which the median lies with at least 95 % confidence: the r-th from either end with the largest r for which
 * 2 P(Binomial(n, ½) < r) ≤ 0.05; `null` below six values.
 */
export function medianReach(values: readonly number[]): { low: number; high: number } | null {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const n = sorted.length;
  let chance = 0.5 ** n; // P(B = 0)
  let below = 0;
  let r = 0;
  while (2 * (below + chance) <= 1 - 0.95 + 1e-12 && r < n) {
    below += chance;
    r += 1;
    chance = (chance * (n - r + 1)) / r;
  }
  if (r === 0) return null;
  return { low: sorted[r - 1]!, high: sorted[n - r]! };
}

function deviation(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
}

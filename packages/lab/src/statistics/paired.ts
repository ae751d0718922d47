/**
 * The paired difference of two optimizers run on the same seeds, and whether it is more than noise.
 *
 * The same seed gives both the same initial weights and batches, so the runs are compared seed by seed. A difference is called
 * distinguishable when its 95 % BCa interval excludes 0 *and* the paired test's p ≤ 0.05, after Holm's correction when several
 * are judged together. The test is the sign-flip permutation test, which assumes nothing but symmetry; with n seeds its smallest
 * p is 2^(1−n), so below 6 seeds (more in a family) it could never speak, and the paired t-test takes its place. The result says which.
 */
import { bootstrapMean, type Interval, meanOf } from "./bootstrap.ts";
import { studentTCdf } from "./distributions.ts";
import { flipTable, RESAMPLES } from "./draws.ts";

/** The significance level of every verdict. */
export const ALPHA = 0.05;
/** Up to this many seeds all 2ⁿ sign patterns are enumerated; above it they are drawn. */
export const MOST_ENUMERATED = 16;

export type PairedTest = "sign-flip" | "paired t" | "none";
export type Verdict = "distinguishable" | "not distinguishable";

/** Everything said about a − b; plain JSON, `null` where a number does not exist. */
export interface PairedDifference {
  /** Number of pairs, diverged ones included. */
  n: number;
  divergedA: number;
  divergedB: number;
  /** Mean of a − b; `null` when any run of either diverged. */
  mean: number | null;
  interval: Interval | null;
  test: PairedTest;
  p: number | null;
  /** p after Holm's correction over the family; equals `p` for a family of one. */
  pHolm: number | null;
  /** Number of comparisons judged together. */
  family: number;
  verdict: Verdict;
  /** The verdict's grounds as a sentence. */
  reason: string;
}

export interface PairedOptions {
  /** Seed of the resampling, which has nothing to do with the seeds of the runs. */
  seed: number;
  /** How many comparisons are judged together; it decides which test can reach the level at all. Default 1. */
  family?: number;
}

/**
 * Compare a with b, where a[i] and b[i] come from the same seed.
 *
 * Errors    RangeError when the lists differ in length or are empty.
 *
 * @example pairedDifference([0.98, 0.97, 0.99], [0.96, 0.95, 0.97], { seed: 1 }).mean // 0.02
 */
export function pairedDifference(
  a: readonly number[],
  b: readonly number[],
  { seed, family = 1 }: PairedOptions,
): PairedDifference {
  if (a.length !== b.length || a.length === 0) {
    throw new RangeError(
      `Cannot compare runs in pairs as both sides need the same seeds in the same order: got ${a.length} and ${b.length} runs`,
    );
  }
  const n = a.length;
  const divergedA = a.filter((value) => !Number.isFinite(value)).length;
  const divergedB = b.filter((value) => !Number.isFinite(value)).length;
  const counts = { n, divergedA, divergedB, family };
  if (divergedA + divergedB > 0) {
    return judge({ ...counts, mean: null, interval: null, test: "none", p: null }, null);
  }
  const differences = withoutRounding(a, b);
  const { mean, interval } = bootstrapMean(differences, seed);
  if (n < 2) return judge({ ...counts, mean, interval, test: "none", p: null }, null);
  const test = 2 ** (1 - n) <= ALPHA / family ? "sign-flip" : "paired t";
  const p = test === "sign-flip" ? signFlipP(differences, seed) : pairedTP(differences);
  return judge({ ...counts, mean, interval, test, p }, p);
}

/**
 * Compare several optimizers with one baseline, judged together: Holm's correction over the family, then the verdicts.
 * The list keeps its order.
 */
export function pairedFamily(
  others: readonly (readonly number[])[],
  baseline: readonly number[],
  { seed }: { seed: number },
): PairedDifference[] {
  const family = others.length;
  const alone = others.map((values) => pairedDifference(values, baseline, { seed, family }));
  const tested = alone.flatMap((difference, index) =>
    difference.p === null ? [] : [{ index, p: difference.p }],
  );
  // A comparison without a p still belongs to the family: it takes part as p = 1, which corrects the others for the full count.
  const adjusted = holm([...tested.map(({ p }) => p), ...Array<number>(family - tested.length).fill(1)]);
  const pHolm = new Map(tested.map(({ index }, k) => [index, adjusted[k] ?? 1]));
  return alone.map((difference, index) => judge(difference, pHolm.get(index) ?? null));
}

/**
 * Holm's step-down correction: p₍ᵢ₎ ← max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎). The list keeps its order.
 *
 * Source    Holm, Scandinavian Journal of Statistics 6 (1979) 65–70.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((x, y) => x.p - y.p);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach(({ p, index }, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * p));
    adjusted[index] = largest;
  });
  return adjusted;
}

/**
 * Two-sided sign-flip permutation p-value of "the mean difference is zero".
 *
 *   p = share of sign patterns s ∈ {−1, 1}ⁿ with |Σ sᵢdᵢ| ≥ |Σ dᵢ|        all 2ⁿ for n ≤ 16
 *   p = (1 + count) / (1 + B)                                            B = 10 000 drawn patterns above
 *
 * Source    Fisher, The Design of Experiments (1935) §21; the +1 is Phipson & Smyth, SAGMB 9 (2010) 39.
 */
export function signFlipP(differences: readonly number[], seed: number): number {
  const n = differences.length;
  const size = differences.reduce((sum, d) => sum + Math.abs(d), 0);
  const observed = Math.abs(differences.reduce((sum, d) => sum + d, 0)) - 8 * n * Number.EPSILON * size; // ties by rounding count
  let count = 0;
  if (n <= MOST_ENUMERATED) {
    for (let pattern = 0; pattern < 2 ** n; pattern += 1) {
      let sum = 0;
      for (let i = 0; i < n; i += 1) sum += ((pattern >> i) & 1) === 1 ? -differences[i]! : differences[i]!;
      if (Math.abs(sum) >= observed) count += 1;
    }
    return count / 2 ** n;
  }
  const turned = flipTable(n, seed);
  for (let draw = 0, at = 0; draw < RESAMPLES; draw += 1) {
    let sum = 0;
    for (let i = 0; i < n; i += 1, at += 1) sum += turned[at] === 1 ? -differences[i]! : differences[i]!;
    if (Math.abs(sum) >= observed) count += 1;
  }
  return (1 + count) / (1 + RESAMPLES);
}

/**
 * Two-sided p-value of the paired t-test, t = d̄ / (s/√n) with n − 1 degrees of freedom.
 *
 * All differences zero: 1. All equal but not zero: `null`, as the test needs a spread to compare them with.
 */
export function pairedTP(differences: readonly number[]): number | null {
  const n = differences.length;
  const mean = meanOf(differences);
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1);
  if (variance === 0) return mean === 0 ? 1 : null;
  return Math.min(1, 2 * studentTCdf(-Math.abs(mean) / Math.sqrt(variance / n), n - 1)); // the cdf errs by 1e-8 near 0
}

type Unjudged = Omit<PairedDifference, "pHolm" | "verdict" | "reason">;

/** Apply the rule of this file's header; `pHolm` is the p that counts. */
function judge(difference: Unjudged, pHolm: number | null): PairedDifference {
  const excludesZero =
    difference.interval !== null && (difference.interval.low > 0 || difference.interval.high < 0);
  const distinguishable = excludesZero && pHolm !== null && pHolm <= ALPHA;
  return {
    ...difference,
    pHolm,
    verdict: distinguishable ? "distinguishable" : "not distinguishable",
    reason: grounds(difference, excludesZero, pHolm),
  };
}

function grounds(
  { n, divergedA, divergedB, family, test }: Unjudged,
  excludesZero: boolean,
  p: number | null,
): string {
  if (divergedA + divergedB > 0) {
    return `${divergedA} of ${n} runs diverged, against ${divergedB} of ${n} of the baseline, so there is no mean difference`;
  }
  if (n < 2) return "one seed cannot tell a difference from noise";
  if (p === null)
    return `the ${n} differences are equal, so the paired t-test has no spread to judge them by`;
  const corrected = family > 1 ? `, Holm-corrected over ${family} comparisons` : "";
  return `the interval ${excludesZero ? "excludes" : "includes"} 0 and p = ${Number(p.toPrecision(2))} (${test} test over ${n} seeds${corrected})`;
}

/** a − b, where differences equal up to the rounding of the subtraction are made equal, so that "no spread" is seen as such. */
function withoutRounding(a: readonly number[], b: readonly number[]): number[] {
  const differences = a.map((value, index) => value - (b[index] ?? Number.NaN));
  const rounding = 4 * Number.EPSILON * Math.max(...a.map(Math.abs), ...b.map(Math.abs));
  const first = differences[0] ?? 0;
  if (!differences.every((d) => Math.abs(d - first) <= rounding)) return differences;
  return differences.map(() => (Math.abs(first) <= rounding ? 0 : first));
}

/**
 * What the best of k trials gives: a tuning curve for every budget from one pool.
 *
 * The pool's trials are ordered by *validation*, best first; v₍ᵢ₎ is the *test* value of the i-th. Choosing k of the N without
 * replacement, the i-th is the winner with probability wᵢ, so luck in the selection is part of the curve:
 *
 *   wᵢ = C(N − i, k − 1) / C(N, k)        mean  E_k = Σ wᵢ v₍ᵢ₎        median: of the v₍ᵢ₎ with weights wᵢ
 *
 * A trial that diverged is worse than every other: where k trials may all have diverged there is no mean, while the median stays.
 * The interval resamples the pool. Sources: Dodge et al., EMNLP 2019 (with replacement, biased); Tang et al., ACL 2020 (this form).
 */
import { RESAMPLES, resampleTable } from "./draws.ts";

export interface BestOf {
  k: number;
  /** `null` where k trials may all have diverged. */
  mean: number | null;
  /** `null` where it is infinite. */
  median: number | null;
  /** 95 % percentile bootstrap of the median. */
  low: number | null;
  high: number | null;
}

/** A trial of the pool, smaller is better in both; what is not finite counts as infinite. */
export interface PoolTrial {
  validation: number;
  test: number;
}

/** Of the curve's interval: a tenth of what means get, as the error of a percentile is far below the interval's width either way. */
const CURVE_RESAMPLES = RESAMPLES / 10;

/** Chance of each of N ordered trials to be the best of k: wᵢ, i = 1 … N. */
export function winningChances(N: number, k: number): Float64Array {
  const beyond = noneAmongFirst(N, k);
  return Float64Array.from({ length: N }, (_, i) => beyond[i]! - beyond[i + 1]!);
}

/**
 * The curve at each of the given budgets.
 *
 * Errors    RangeError for a budget that is not within 1 and the pool's size.
 */
export function bestOfCurve(pool: readonly PoolTrial[], budgets: readonly number[], seed: number): BestOf[] {
  const N = pool.length;
  for (const k of budgets) {
    if (!(Number.isInteger(k) && k >= 1 && k <= N)) {
      throw new RangeError(
        `Cannot tell the best of ${k} trials as k must be a whole number from 1 to the pool's ${N}`,
      );
    }
  }
  const worst = (value: number) => (Number.isFinite(value) ? value : Number.POSITIVE_INFINITY);
  const ordered = [...pool].sort((a, b) => compare(worst(a.validation), worst(b.validation)));
  const values = Float64Array.from(ordered, ({ test }) => worst(test));
  const byValue = Uint32Array.from(values.keys()).sort((a, b) => compare(values[a]!, values[b]!));
  const ones = new Uint16Array(N).fill(1);
  const resampled = counted(N, seed);
  return budgets.map((k) => {
    const beyond = noneAmongFirst(N, k);
    const weights = new Float64Array(N);
    weigh(ones, beyond, weights);
    let mean = 0;
    for (let i = 0; i < N; i += 1) mean += weights[i]! > 0 ? weights[i]! * values[i]! : 0;
    const median = weightedMedian(values, byValue, weights);
    const medians = new Float64Array(CURVE_RESAMPLES);
    for (let draw = 0; draw < CURVE_RESAMPLES; draw += 1) {
      weigh(resampled.subarray(draw * N, (draw + 1) * N), beyond, weights);
      medians[draw] = weightedMedian(values, byValue, weights);
    }
    medians.sort();
    return {
      k,
      mean: finiteOrNull(mean),
      median: finiteOrNull(median),
      low: finiteOrNull(medians[Math.floor(0.025 * (CURVE_RESAMPLES - 1))]!),
      high: finiteOrNull(medians[Math.ceil(0.975 * (CURVE_RESAMPLES - 1))]!),
    };
  });
}

/** Chance that none of k chosen is among the first s of N: C(N − s, k) / C(N, k), s = 0 … N. */
function noneAmongFirst(N: number, k: number): Float64Array {
  const chances = new Float64Array(N + 1);
  chances[0] = 1;
  for (let s = 0; s < N; s += 1) chances[s + 1] = (chances[s]! * Math.max(0, N - s - k)) / (N - s);
  return chances;
}

/** Chances to win of values that stand `counts` times in a resample, in the pool's order. */
function weigh(counts: Uint16Array, beyond: Float64Array, weights: Float64Array): void {
  let before = 0;
  for (let i = 0; i < counts.length; i += 1) {
    const after = before + counts[i]!;
    weights[i] = beyond[before]! - beyond[after]!;
    before = after;
  }
}

/** How often each of N trials stands in each resample. Shapes (CURVE_RESAMPLES, N). */
function counted(N: number, seed: number): Uint16Array {
  const table = resampleTable(N, seed);
  const counts = new Uint16Array(CURVE_RESAMPLES * N);
  for (let draw = 0, at = 0; draw < CURVE_RESAMPLES; draw += 1) {
    for (let j = 0; j < N; j += 1, at += 1) counts[draw * N + table[at]!]! += 1;
  }
  return counts;
}

/** The value at which half of the weight is reached; the mean of two where one ends exactly there. Weights sum to 1. */
function weightedMedian(values: Float64Array, byValue: Uint32Array, weights: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < byValue.length; j += 1) {
    sum += weights[byValue[j]!]!;
    if (sum < 0.5 - 1e-12) continue;
    const here = values[byValue[j]!]!;
    if (sum > 0.5 + 1e-12) return here;
    for (let next = j + 1; next < byValue.length; next += 1) {
      const other = byValue[next]!;
      if (weights[other]! > 0) return here === values[other]! ? here : (here + values[other]!) / 2;
    }
    return here;
  }
  return Number.NaN;
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

/**
 * Ranks over tasks: Friedman's test, Nemenyi's critical difference, and what they cannot tell.
 *
 *   χ²_F = [12 / (k N (k+1)) · Σⱼ (Σ ranks of j)² − 3N(k+1)] / (1 − Σ(t³ − t) / (N k (k² − 1)))        t: sizes of ties
 *   CD = q_α √(k(k+1) / 6N)        q_α: quantile of the studentized range of k, over √2
 *
 * With eight rules on eight tasks CD is 3.71 of 7 possible ranks: such tests are an extra, never the judge.
 * Source: Demšar, JMLR 7 (2006), §3.2.2; checked against scipy.
 */
import { chiSquareSurvival, studentizedRangeQuantile } from "./distributions.ts";

/** Ranks from 1 for the smallest; ties share the mean of theirs; what is not finite is worst. */
export function ranksOf(values: readonly number[]): number[] {
  const worst = values.map((value) => (Number.isFinite(value) ? value : Number.POSITIVE_INFINITY));
  return worst.map((value) => {
    const below = worst.filter((other) => other < value).length;
    const equal = worst.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

/** Mean rank of each column over rows of ranks. */
export const meanRanks = (ranks: readonly (readonly number[])[]): number[] =>
  (ranks[0] ?? []).map((_, j) => ranks.reduce((sum, row) => sum + row[j]!, 0) / ranks.length);

/**
 * Friedman's test of "all rules are alike", from one row of ranks per task; `null` where every row is one tie, or there are fewer than three rules.
 */
export function friedman(ranks: readonly (readonly number[])[]): { statistic: number; p: number } | null {
  const N = ranks.length;
  const k = ranks[0]?.length ?? 0;
  if (k < 3 || N < 2) return null;
  const sums = meanRanks(ranks).map((mean) => mean * N);
  const squares = sums.reduce((sum, value) => sum + value * value, 0);
  const ties = ranks.reduce((sum, row) => sum + tieTerm(row), 0);
  const correction = 1 - ties / (N * k * (k * k - 1));
  if (correction <= 0) return null;
  const statistic = ((12 / (k * N * (k + 1))) * squares - 3 * N * (k + 1)) / correction;
  return { statistic, p: chiSquareSurvival(statistic, k - 1) };
}

/** Nemenyi's critical difference of mean ranks for k rules on N tasks, at level α. */
export const criticalDifference = (k: number, N: number, alpha = 0.05): number =>
  (studentizedRangeQuantile(1 - alpha, k) / Math.SQRT2) * Math.sqrt((k * (k + 1)) / (6 * N));

/**
 * Largest sets of neighbours in the order of mean ranks that lie within the critical difference; singles are left out.
 *
 * @returns  indices into `means`, each group in order of rank
 */
export function rankGroups(means: readonly number[], difference: number): number[][] {
  const order = means.map((_, index) => index).sort((a, b) => means[a]! - means[b]!);
  const groups: number[][] = [];
  let reached = 0;
  order.forEach((first, from) => {
    let to = from + 1;
    while (to < order.length && means[order[to]!]! - means[first]! <= difference) to += 1;
    if (to > reached && to - from > 1) groups.push(order.slice(from, to));
    reached = Math.max(reached, to);
  });
  return groups;
}

function tieTerm(row: readonly number[]): number {
  const sizes = new Map<number, number>();
  for (const value of row) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  return [...sizes.values()].reduce((sum, t) => sum + t ** 3 - t, 0);
}

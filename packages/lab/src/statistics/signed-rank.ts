/**
 * Wilcoxon's signed-rank test of paired values, exact at any size and with ties, and what it could show at all.
 *
 *   W⁺ = Σ of the ranks of |d| where d > 0;   p = P(W⁺ at least as far from its mean) when every sign is a coin toss
 *
 * The distribution of W⁺ is summed up rank by rank (ranks doubled, so that shared ones are whole), which needs no table and no normal
 * approximation. Zeros take part in the ranking and then count for neither side (Pratt); half for each ("zsplit") shifts W⁺ and its mean
 * alike, and so is the same test. Infinite differences are allowed: they have the largest ranks. Sources: Wilcoxon 1945; Pratt, JASA 54 (1959).
 */
import { ranksOf } from "./ranks.ts";

/** Two-sided exact p; 1 where all differences are zero. */
export function signedRankP(differences: readonly number[]): number {
  const ranks = doubledRanks(differences);
  const signed = ranks.filter((_, i) => differences[i] !== 0);
  const positive = ranks.reduce((sum, r, i) => sum + (differences[i]! > 0 ? r : 0), 0);
  const total = signed.reduce((sum, r) => sum + r, 0);
  const far = Math.abs(positive - total / 2);
  const chances = distribution(signed, total);
  let p = 0;
  for (let w = 0; w <= total; w += 1) if (Math.abs(w - total / 2) >= far) p += chances[w]!;
  return Math.min(1, p);
}

/** Smallest two-sided p that n pairs can give, whatever they are. */
export const smallestP = (n: number): number => Math.min(1, 2 ** (1 - n));

/** Fewest pairs at which the smallest of `family` p-values can reach α after Holm's correction. */
export const pairsNeeded = (family: number, alpha = 0.05): number =>
  Math.ceil(1 + Math.log2(family / alpha) - 1e-12);

/** Twice the ranks of |d|. */
function doubledRanks(differences: readonly number[]): number[] {
  const sizes = differences.map(Math.abs);
  const finite = sizes.filter(Number.isFinite);
  const beyond = finite.length > 0 ? 2 * Math.max(...finite) + 1 : 1; // infinities tie above all others
  return ranksOf(sizes.map((size) => (Number.isFinite(size) ? size : beyond))).map((r) => Math.round(2 * r));
}

/** P(W = w) for w = 0 … total, each rank taken or not with probability ½. */
function distribution(ranks: readonly number[], total: number): Float64Array {
  const chances = new Float64Array(total + 1);
  chances[0] = 1;
  let reach = 0;
  for (const r of ranks) {
    reach += r;
    for (let w = reach; w >= 0; w -= 1) chances[w] = (chances[w]! + (w >= r ? chances[w - r]! : 0)) / 2;
  }
  return chances;
}

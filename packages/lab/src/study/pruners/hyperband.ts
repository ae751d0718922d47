/**
 * Hyperband's brackets: successive halving begun at different steps, since nobody knows how early a trial can be judged.
 *
 * With first look r and last step R there are s_max + 1 brackets, s_max = ⌊log_η(R/r)⌋; bracket b begins its looks at r η^b, and of every
 * Σ n_b trials it gets n_b = ⌈(s_max + 1) η^s/(s + 1)⌉, s = s_max − b. Trials are dealt out by number in that proportion, or by the hash that
 * Optuna uses, crc32 of "name_number", so that a study agrees with one of theirs.
 *
 * Sources   Li et al., JMLR 18 (2018) 1–52, Algorithm 1; Optuna's HyperbandPruner.
 */
import { crc32 } from "node:zlib";
import type { Search } from "./pruner.ts";

export interface Brackets {
  /** How many trials each bracket gets of every `total`. */
  shares: readonly number[];
  total: number;
}

export function bracketsOf(first: number, factor: number, steps: number): Brackets {
  let most = 0; // s_max, without the rounding of logarithms
  while (first * factor ** (most + 1) <= steps) most += 1;
  const shares = Array.from({ length: most + 1 }, (_, bracket) => {
    const s = most - bracket;
    return Math.ceil(((most + 1) * factor ** s) / (s + 1));
  });
  return { shares, total: shares.reduce((sum, share) => sum + share, 0) };
}

/** The bracket whose share a trial falls into. */
export function bracketOf(
  { shares, total }: Brackets,
  trial: number,
  search: Search,
  hashed: boolean,
): number {
  const key = hashed ? crc32(`${search.name ?? ""}_${trial}`) : trial;
  let rest = key % total;
  return shares.findIndex((share) => {
    rest -= share;
    return rest < 0;
  });
}

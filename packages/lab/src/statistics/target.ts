/**
 * Cost to a target, in gradient evaluations: that of the first evaluation which reached it.
 *
 * No interpolation between evaluations (benchmarking notes §7.4): what was not measured is not claimed. A run that never gets
 * there takes infinitely long; such misses stay in the median and are counted, as in AlgoPerf's scoring.
 */
import { type Better, median } from "./summary.ts";

export interface CostToTarget {
  /** Number of runs. */
  n: number;
  /** How many of them never reached the target. */
  misses: number;
  /** Median over all runs, misses counted as infinite; `null` when it is infinite. */
  median: number | null;
}

/** Cost of the first evaluation at or past the target, or Infinity; a value that is not finite never reaches it. */
export function costAtTarget(
  evaluations: Iterable<{ cost: number; value: number | null }>,
  target: number,
  better: Better,
): number {
  for (const { cost, value } of evaluations) {
    if (value === null || !Number.isFinite(value)) continue;
    if (better === "higher" ? value >= target : value <= target) return cost;
  }
  return Number.POSITIVE_INFINITY;
}

/** Median and misses over runs; takes what `costAtTarget` returned for each. */
export function summarizeCosts(costs: readonly number[]): CostToTarget {
  const middle = median(costs);
  return {
    n: costs.length,
    misses: costs.filter((cost) => cost === Number.POSITIVE_INFINITY).length,
    median: Number.isFinite(middle) ? middle : null,
  };
}

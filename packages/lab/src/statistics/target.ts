/**
 * Steps to a target: the first evaluation that reached it.
 *
 * No interpolation between evaluations (benchmarking notes §7.4): what was not measured is not claimed. A run that never gets
 * there takes infinitely long; such misses stay in the median and are counted, as in AlgoPerf's scoring.
 */
import { type Better, median } from "./summary.ts";

export interface StepsToTarget {
  /** Number of runs. */
  n: number;
  /** How many of them never reached the target. */
  misses: number;
  /** Median over all runs in steps, misses counted as infinite; `null` when it is infinite. */
  median: number | null;
}

/** Step of the first evaluation at or past the target, or Infinity; a value that is not finite never reaches it. */
export function firstStepAt(
  evaluations: Iterable<{ step: number; value: number | null }>,
  target: number,
  better: Better,
): number {
  for (const { step, value } of evaluations) {
    if (value === null || !Number.isFinite(value)) continue;
    if (better === "higher" ? value >= target : value <= target) return step;
  }
  return Number.POSITIVE_INFINITY;
}

/** Median and misses over runs; takes what `firstStepAt` returned for each. */
export function summarizeSteps(steps: readonly number[]): StepsToTarget {
  const middle = median(steps);
  return {
    n: steps.length,
    misses: steps.filter((step) => step === Number.POSITIVE_INFINITY).length,
    median: Number.isFinite(middle) ? middle : null,
  };
}

/**
 * The summary of one number over seeds: how many runs, how many diverged, median, mean, and the mean's interval.
 *
 * A run that diverged is a result and stays in: it counts as worse than every finite value, so the median feels it, and the
 * mean, which it would make meaningless, is not computed (benchmarking notes §7.5, rule 10). What cannot be computed is `null`
 * with the reason in `note`, so a summary survives JSON unchanged.
 */
import { bootstrapMean, type Interval } from "./bootstrap.ts";

/** Which end of the scale is good: accuracies are `"higher"`, losses and times `"lower"`. */
export type Better = "higher" | "lower";

export interface Summary {
  /** Number of runs, diverged ones included. */
  n: number;
  /** How many of them ended with a value that is not finite. */
  diverged: number;
  /** `null` when more than half diverged. */
  median: number | null;
  /** `null` when any run diverged. */
  mean: number | null;
  /** Smallest and largest finite value; `null` when there is none. */
  range: readonly [number, number] | null;
  /** 95 % BCa bootstrap interval of the mean; `null` with fewer than two runs or when any diverged. */
  interval: Interval | null;
  /** Why something is `null`; empty when nothing is. */
  note: string;
}

export interface SummaryOptions {
  better: Better;
  /** Seed of the bootstrap's resampling, which has nothing to do with the seeds of the runs. */
  seed: number;
}

/**
 * Summarise one value per run.
 *
 * Errors    RangeError on an empty list.
 *
 * @example summarize([0.97, 0.98, 0.975], { better: "higher", seed: 1 }).mean // 0.975
 */
export function summarize(values: readonly number[], { better, seed }: SummaryOptions): Summary {
  if (values.length === 0)
    throw new RangeError("Cannot summarise runs as there must be at least one: got none");
  const finite = values.filter(Number.isFinite);
  const diverged = values.length - finite.length;
  const common = {
    n: values.length,
    diverged,
    median: finiteOrNull(median(values.map((value) => worstIfNotFinite(value, better)))),
    range: finite.length > 0 ? ([Math.min(...finite), Math.max(...finite)] as const) : null,
  };
  if (diverged > 0) {
    const note = `${diverged} of ${values.length} runs diverged, so there is no mean`;
    return { ...common, mean: null, interval: null, note };
  }
  const { mean, interval, note } = bootstrapMean(finite, seed);
  return { ...common, mean, interval, note };
}

/** Middle value, or the mean of the two middle ones; infinities take part. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  if (sorted.length % 2 === 1) return upper;
  const lower = sorted[(sorted.length >> 1) - 1] ?? Number.NaN;
  return lower === upper ? lower : (lower + upper) / 2; // equal infinities must not meet in a subtraction or a sum of opposites
}

const worstIfNotFinite = (value: number, better: Better): number =>
  Number.isFinite(value) ? value : better === "higher" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

/**
 * The percentile rule, and with 50 % the median rule: a trial is stopped where the best value that it has had is worse than that
 * percentile of the others' values at the same rung.
 *
 * The others are the lower-numbered trials that reached the rung, or only those of them that went to their last step. The second is
 * what Optuna does, but there a trial waits until all before it have ended, so that workers run idle.
 *
 * Sources   Golovin et al., "Google Vizier", KDD 2017, §3.2.2 (median stopping rule); Optuna's PercentilePruner (percentiles interpolated
 *           linearly; trials with too few others are not judged).
 */
import type { Look, Verdict } from "./pruner.ts";

export interface PercentileOptions {
  /** The percentile, from 0 to 100: lower ones are stricter. */
  percentile: number;
  /** Others that there must be before anybody is stopped. */
  startup: number;
  against: "reached" | "completed";
}

export const aboveNoPercentile =
  ({ percentile, startup, against }: PercentileOptions) =>
  ({ trial, rung, courses }: Look): Verdict => {
    const others = courses.filter(
      (course, other) =>
        course !== undefined && other !== trial && (course.completed || against === "reached"),
    );
    const values = others.flatMap((course) => course!.values[rung] ?? []);
    const enough = against === "completed" ? others.length : values.length;
    if (enough < startup || values.length === 0) return "go on";
    const best = Math.min(...courses[trial]!.values);
    return best > percentileOf(values, percentile) ? "stop" : "go on";
  };

/** Linear between order statistics, as numpy's default: at p %, position p/100 (n − 1). */
export function percentileOf(values: readonly number[], percentile: number): number {
  const sorted = values
    .map((value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value))
    .sort(ascending);
  const position = (percentile / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below === above ? below : below + (above - below) * (position - Math.floor(position));
}

const ascending = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

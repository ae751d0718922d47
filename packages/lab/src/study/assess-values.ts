/** The numbers of a result, and how a metric orders them. */
import { StudyError } from "./error.ts";
import type { PlannedTrial } from "./plan.ts";
import type { TrialResult } from "./result.ts";
import type { Metric } from "./study-data.ts";

/** A measure at the last step; NaN for a run that did not finish: it counts as worst, and is never left out. */
export function measureOf({ end, final }: TrialResult, measure: string): number {
  return end === "finished" ? (final[measure] ?? Number.NaN) : Number.NaN;
}

/** Raises StudyError where a finished run lacks the measure that its task is judged by. */
export function checkedMeasure(
  { id, task }: PlannedTrial,
  { end, final }: TrialResult,
  metric: Metric,
): void {
  if (end !== "finished" || metric.measure in final) return;
  throw new StudyError(
    `Cannot judge ${task} by ${metric.measure} as every finished run must have it: trial ${id} has ${Object.keys(final).join(", ") || "no measures"}`,
  );
}

/**
 * What a trial is chosen by, smaller is better, infinite where it did not finish: the validation loss. Runs of other people may have a validation
 * score instead, or nothing of the kind; then the metric itself has to do.
 */
export function selectionOf(result: TrialResult, metric: Metric): number {
  if (result.end !== "finished") return Number.POSITIVE_INFINITY;
  const { validationLoss, validationScore } = result.final;
  if (validationLoss !== undefined) return validationLoss ?? Number.POSITIVE_INFINITY;
  if (validationScore !== undefined) return cost(validationScore, { better: "higher" });
  return cost(measureOf(result, metric.measure), metric);
}

/** Smaller is better, and what is not finite is worst. */
export const cost = (value: number | null, { better }: Pick<Metric, "better">): number =>
  value === null || !Number.isFinite(value) ? Number.POSITIVE_INFINITY : better === "lower" ? value : -value;

/** The best value that is possible, or known; of a share it is all or nothing. */
export function bestOf({ floor, unit, better }: Metric): number | undefined {
  if (floor !== undefined) return floor;
  return unit === "share" ? (better === "higher" ? 1 : 0) : undefined;
}

export const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

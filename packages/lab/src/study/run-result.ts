/** From a run, as training gives it back, to the line of results. */
import { type Evaluation, type FitResult, runId } from "@thalweg/train";
import { type TrialConfig, trialFolder } from "../compare/trial.ts";
import type { Configuration } from "../samplers/index.ts";
import { costAtTarget } from "../statistics/target.ts";
import type { PlannedTrial } from "./plan.ts";
import type { TrialEnd, TrialResult } from "./result.ts";
import type { Metric } from "./study-data.ts";

/** What claims call a run, and its folder's last part. */
export const runKey = (config: TrialConfig): string => runId(config).slice(0, 16);

export interface Ran {
  trial: PlannedTrial;
  hyper: Configuration;
  config: TrialConfig;
  fingerprint: string;
}

/** The result of a trial that ran, to its end or to where a pruner looks. */
export function resultOf(
  ran: Ran,
  { end, reason = "", step, gradients, seconds, evaluations }: FitResult,
  metric: Metric,
): TrialResult {
  const first = evaluations[0];
  const last = evaluations.at(-1);
  return {
    ...common(ran),
    end: end === "diverged" ? "diverged" : "finished",
    reason,
    ...{ steps: step, gradients, seconds },
    ...{ final: measures(last), best: measures(lowest(evaluations)), initial: measures(first) },
    ...toTarget(evaluations, metric),
  };
}

/** Gradients at the first evaluation at the target or past it. */
function toTarget(
  evaluations: readonly Evaluation[],
  { measure, better, target }: Metric,
): Pick<TrialResult, "gradientsToTarget"> {
  if (target === undefined || !evaluations.some((evaluation) => measure in evaluation)) return {};
  const values = evaluations.map((evaluation) => ({
    cost: evaluation.gradients,
    value: evaluation[measure] ?? null,
  }));
  const cost = costAtTarget(values, target, better);
  return { gradientsToTarget: Number.isFinite(cost) ? cost : null };
}

/** The result of a trial that gave none. */
export const lostResult = (ran: Ran, end: TrialEnd, reason: string): TrialResult => ({
  ...common(ran),
  ...{ end, reason, steps: 0, gradients: 0, seconds: 0, final: {}, best: {}, initial: {} },
});

const common = ({ trial, hyper, config, fingerprint }: Ran) => ({
  ...{ id: trial.id, hyper, fingerprint },
  folder: trialFolder(config).replaceAll("\\", "/"),
});

/** The evaluation with the lowest validation loss; the first of equal ones. */
const lowest = (evaluations: readonly Evaluation[]): Evaluation | undefined =>
  evaluations.reduce<Evaluation | undefined>(
    (best, one) => (best === undefined || one.validationLoss! < best.validationLoss! ? one : best),
    undefined,
  );

/** What was measured, without where the run stood. */
function measures(evaluation: Evaluation | undefined): Record<string, number | null> {
  const { step: _, gradients: __, seconds: ___, ...measured } = evaluation ?? {};
  return Object.fromEntries(
    Object.entries(measured).map(([name, value]) => [name, Number.isFinite(value) ? value! : null]),
  );
}

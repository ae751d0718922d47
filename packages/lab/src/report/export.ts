/**
 * The comparison for other programs: JSON with everything, CSV with one row per rule, CSV with one row per run.
 *
 * Numbers are written at full precision (shortest text that reads back as the same float64); what does not exist is null in JSON and an
 * empty field in CSV. Quoting follows RFC 4180.
 */
import { finalValue } from "./assess.ts";
import type { Comparison } from "./comparison.ts";
import { csv } from "./csv.ts";

/** `comparison.json`: the data itself, indented, with a final newline. */
export const comparisonJson = (comparison: Comparison): string => `${JSON.stringify(comparison, null, 2)}\n`;

/** `comparison.csv`: the main table, one row per rule. */
export function comparisonCsv({ rules }: Comparison): string {
  return csv(
    rules.map(({ name, accuracy, loss, difference, gradientsToTarget, cost, tuned }) => ({
      rule: name,
      runs: accuracy.n,
      diverged: accuracy.diverged,
      test_accuracy: accuracy.mean,
      test_accuracy_low: accuracy.interval?.low,
      test_accuracy_high: accuracy.interval?.high,
      test_accuracy_median: accuracy.median,
      test_loss: loss.mean,
      test_loss_low: loss.interval?.low,
      test_loss_high: loss.interval?.high,
      test_loss_median: loss.median,
      accuracy_difference: difference?.accuracy.mean,
      accuracy_difference_low: difference?.accuracy.interval?.low,
      accuracy_difference_high: difference?.accuracy.interval?.high,
      test: difference?.accuracy.test,
      p: difference?.accuracy.p,
      p_holm: difference?.accuracy.pHolm,
      verdict: difference?.accuracy.verdict,
      gradients_to_target: gradientsToTarget.median,
      misses: gradientsToTarget.misses,
      gradient_evaluations: cost.tuningGradients + cost.finalGradients,
      gradient_evaluations_tuning: cost.tuningGradients,
      seconds: cost.tuningSeconds + cost.finalSeconds,
      seconds_tuning: cost.tuningSeconds,
      tuned: JSON.stringify(tuned),
    })),
  );
}

/** `runs.csv`: every trial and every final run, one row each. */
export function runsCsv({ rules }: Comparison): string {
  return csv(
    rules.flatMap((rule) => [
      ...rule.trials.map((trial) => ({
        rule: rule.name,
        kind: "trial",
        number: trial.number,
        seed: null,
        status: trial.status,
        reason: trial.reason,
        steps: trial.steps,
        gradient_evaluations: trial.gradients,
        seconds: trial.seconds,
        validation_loss: trial.validationLoss,
        validation_accuracy: trial.validationAccuracy,
        test_loss: null,
        test_accuracy: null,
        hyperparameters: JSON.stringify(trial.hyperparameters),
        folder: trial.folder,
      })),
      ...rule.runs.map((run) => ({
        rule: rule.name,
        kind: "final",
        number: null,
        seed: run.seed,
        status: run.status,
        reason: run.reason,
        steps: run.steps,
        gradient_evaluations: run.gradients,
        seconds: run.seconds,
        validation_loss: run.evaluations.at(-1)?.validationLoss,
        validation_accuracy: null,
        test_loss: finalValue(run, "testLoss"),
        test_accuracy: finalValue(run, "testAccuracy"),
        hyperparameters: JSON.stringify(rule.tuned),
        folder: run.folder,
      })),
    ]),
  );
}

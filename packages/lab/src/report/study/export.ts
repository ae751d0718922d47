/** A study's report for other programs: everything as JSON, and CSV with a row per rule and condition, per claim, and per run. */
import type { StudyAssessment } from "../../study/assessment.ts";
import { csv } from "../csv.ts";

/** `report.json`: the assessment itself. Runs stand one a line, so that thousands of them stay readable by line tools. */
export function reportJson({ runs, ...rest }: StudyAssessment): string {
  const head = JSON.stringify(rest, null, 1);
  const lines = runs.map((run) => `  ${JSON.stringify(run)}`).join(",\n");
  return `${head.slice(0, -2)},\n "runs": [\n${lines}\n ]\n}\n`;
}

/** `report.csv`: a row per condition and rule. */
export function reportCsv({ conditions, baseline }: StudyAssessment): string {
  return csv(
    conditions.flatMap(({ task, schedule, batchSize, steps, metric, cells, differences }) =>
      cells.map((cell) => {
        const { rule, value, lost, pool, sensitivity, gradientsToTarget, cost, searches } = cell;
        const difference = differences.find((one) => one.rule === rule);
        return {
          ...{ task, schedule, batch_size: batchSize, steps, rule },
          ...{ metric: metric.measure, better: metric.better, unit: metric.unit },
          ...{
            seeds: value?.n,
            mean: value?.mean,
            mean_low: value?.interval?.low,
            mean_high: value?.interval?.high,
          },
          ...{
            median: value?.median,
            diverged: lost.diverged,
            failed: lost.failed,
            timed_out: lost.timedOut,
          },
          ...{ minus: rule === baseline ? null : baseline, difference: difference?.mean },
          ...{ difference_low: difference?.interval?.low, difference_high: difference?.interval?.high },
          ...{
            test: difference?.test,
            p: difference?.p,
            p_holm: difference?.pHolm,
            aa_band: difference?.band,
          },
          ...{ side: difference?.side, seeds_needed: difference?.seedsNeeded },
          ...{ pool_trials: pool.trials, pool_diverged: pool.diverged, lr_decades: sensitivity?.decades },
          ...{ gradients_to_target: gradientsToTarget?.median, misses: gradientsToTarget?.misses },
          gradients_tuning: cost.tuningGradients,
          gradients_final: cost.finalGradients,
          seconds_tuning: cost.tuningSeconds,
          seconds_final: cost.finalSeconds,
          tuned: JSON.stringify(searches.map(({ tuned }) => tuned)),
        };
      }),
    ),
  );
}

/** `claims.csv`: a row per claim. */
export function claimsCsv({ claims }: StudyAssessment): string {
  return csv(
    claims.map(({ claim, verdict, condition, metric, difference, sentence }) => ({
      ...{ claim, verdict, task: condition.task, schedule: condition.schedule, metric },
      ...{ difference: difference.mean, low: difference.interval?.low, high: difference.interval?.high },
      ...{ aa_band: difference.band, p: difference.p, p_holm: difference.pHolm, seeds: difference.n },
      ...{ seeds_needed: difference.seedsNeeded, sentence },
    })),
  );
}

/** `runs.csv`: a row per run that has ended. */
export function studyRunsCsv({ runs, conditions }: StudyAssessment): string {
  return csv(
    runs.map((run) => {
      const { task, schedule, batchSize, steps, metric } = conditions[run.condition]!;
      return {
        ...{ id: run.id, task, schedule, batch_size: batchSize, planned_steps: steps, rule: run.rule },
        ...{ search: run.replicate, phase: run.phase, number: run.number, seed: run.seed },
        ...{ end: run.end, reason: run.reason, metric: metric.measure, value: run.value },
        ...{ validation_loss: run.validationLoss, steps: run.steps, gradients: run.gradients },
        ...{ seconds: run.seconds, hyperparameters: JSON.stringify(run.hyper), folder: run.folder },
      };
    }),
  );
}

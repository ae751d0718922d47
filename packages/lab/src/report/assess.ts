/**
 * From runs to results: the statistics of a comparison, computed in one place so that every view of it shows the same numbers.
 */
import {
  type CostToTarget,
  costAtTarget,
  type PairedDifference,
  pairedFamily,
  summarize,
  summarizeCosts,
} from "../statistics/index.ts";
import type {
  Attempt,
  Comparison,
  Cost,
  MeasuredComparison,
  MeasuredRule,
  RuleResult,
  Run,
} from "./comparison.ts";

type Metric = "testAccuracy" | "testLoss";

/**
 * Add summaries, paired differences against the first rule (Holm-corrected over the others, per metric), costs to target and in all.
 *
 * Errors    RangeError when a rule's seeds are not the study's, in its order: then there are no pairs.
 */
export function assess(measured: MeasuredComparison): Comparison {
  const { rules, study, task } = measured;
  for (const rule of rules) requireSeeds(rule, study.seeds);
  const differences = {
    accuracy: against(rules, "testAccuracy", study.seed),
    loss: against(rules, "testLoss", study.seed),
  };
  return {
    ...measured,
    rules: rules.map((rule, index): RuleResult => {
      const accuracy = differences.accuracy[index - 1];
      const loss = differences.loss[index - 1];
      return {
        ...rule,
        accuracy: summarize(finals(rule, "testAccuracy"), { better: "higher", seed: study.seed }),
        loss: summarize(finals(rule, "testLoss"), { better: "lower", seed: study.seed }),
        difference: accuracy && loss ? { accuracy, loss } : null,
        gradientsToTarget: gradientsToTarget(rule, task.targetAccuracy),
        cost: costOf(rule),
      };
    }),
  };
}

/** Value at the last evaluation; NaN for a run that diverged or was never evaluated. */
export function finalValue(run: Run, metric: Metric): number {
  const value = run.status === "finished" ? run.evaluations.at(-1)?.[metric] : null;
  return value ?? Number.NaN;
}

const finals = (rule: MeasuredRule, metric: Metric): number[] =>
  rule.runs.map((run) => finalValue(run, metric));

function against(rules: readonly MeasuredRule[], metric: Metric, seed: number): PairedDifference[] {
  const [first, ...others] = rules.map((rule) => finals(rule, metric));
  return first ? pairedFamily(others, first, { seed }) : [];
}

function gradientsToTarget(rule: MeasuredRule, target: number): CostToTarget {
  return summarizeCosts(
    rule.runs.map(({ evaluations }) =>
      costAtTarget(
        evaluations.map(({ gradients, testAccuracy }) => ({ cost: gradients, value: testAccuracy })),
        target,
        "higher",
      ),
    ),
  );
}

function costOf({ trials, runs }: MeasuredRule): Cost {
  /** Equal configurations are one run in one folder: where nothing is searched, all trials are. */
  const total = (attempts: readonly Attempt[], of: "gradients" | "seconds") =>
    [...new Map(attempts.map((attempt) => [attempt.folder, attempt])).values()].reduce(
      (sum, attempt) => sum + attempt[of],
      0,
    );
  return {
    tuningGradients: total(trials, "gradients"),
    finalGradients: total(runs, "gradients"),
    tuningSeconds: total(trials, "seconds"),
    finalSeconds: total(runs, "seconds"),
  };
}

function requireSeeds({ name, runs }: MeasuredRule, seeds: readonly number[]): void {
  const found = runs.map(({ seed }) => seed);
  if (found.length !== seeds.length || found.some((seed, index) => seed !== seeds[index])) {
    throw new RangeError(
      `Cannot compare ${name} as its final runs must have the study's seeds [${seeds.join(", ")}] in that order: found [${found.join(", ")}]`,
    );
  }
}

/**
 * `Comparison`: everything one `thalweg compare` found out, as plain JSON data.
 *
 * This is the report's only input and the content of `comparison.json`; the page, the terminal table and the CSV files are functions
 * of it. `MeasuredComparison` is what the runs yield; `assess` adds the statistics. A number that does not exist (not measured, not finite, a target never
 * reached) is `null`. Accuracies are fractions in [0, 1], losses in `task.lossUnit`, times in seconds, costs in gradient evaluations (of one batch).
 */
import type { Configuration, Space } from "../samplers/index.ts";
import type { CostToTarget, PairedDifference, Summary } from "../statistics/index.ts";

export interface MeasuredComparison {
  version: 1;
  title: string;
  /** The command line that made it, as one would paste it. */
  command: string;
  /** ISO 8601. */
  startedAt: string;
  finishedAt: string;
  task: TaskFacts;
  machine: MachineFacts;
  study: StudyFacts;
  /** In the order asked for; the first is the baseline of every paired difference. */
  rules: MeasuredRule[];
}

export interface Comparison extends MeasuredComparison {
  rules: RuleResult[];
}

export interface TaskFacts {
  name: string;
  description: string;
  /** Hash of data, model and initial loss: two comparisons may be set side by side only when it is the same. */
  fingerprint: string;
  dataset: {
    name: string;
    origin: string;
    sha256: string;
    /** Number of examples. */
    train: number;
    validation: number;
    test: number;
  };
  model: string;
  /** Number of trained parameters. */
  parameters: number;
  batchSize: number;
  /** Steps of every run. */
  steps: number;
  /** "nat" for cross-entropy. */
  lossUnit: string;
  /** Test accuracy whose first reaching is timed, in [0, 1]. */
  targetAccuracy: number;
}

export interface MachineFacts {
  cpu: string;
  cores: number;
  memoryGiB: number;
  os: string;
  node: string;
  onnxruntime: string;
  threadsPerRun: number;
  /** Runs executed at the same time. */
  workers: number;
  /** Version or commit of Thalweg. */
  thalweg: string;
}

export interface StudyFacts {
  /** Places the search points; also seeds the resampling of the statistics. */
  seed: number;
  /** Trials per rule. */
  budget: number;
  /** Training seed of every trial; never among `seeds`. */
  tuningSeed: number;
  /** Training seeds of the final runs, the same for every rule. */
  seeds: number[];
  /** In words, e.g. "scrambled Halton points, shifted per study". */
  sampler: string;
  /** Spec of the learning-rate schedule, e.g. "onecycle". */
  schedule: string;
}

export interface MeasuredRule {
  name: string;
  /** The rule's own text. */
  formula: string;
  /** The same as LaTeX: one aligned block, or one string per line. */
  latex: string | string[];
  /** Paper, section or algorithm. */
  source: string;
  defaults: Configuration;
  /** The winner of the search; includes the hyperparameters that were not searched, where known. */
  tuned: Configuration;
  space: Space;
  /** How its runs differ from those of the others, besides the rule; most have none. */
  exceptions: string[];
  trials: Trial[];
  /** One per seed, in the order of `study.seeds`. */
  runs: Run[];
}

export interface RuleResult extends MeasuredRule {
  accuracy: Summary;
  loss: Summary;
  /** This rule minus the first, seed by seed; `null` for the first. */
  difference: { accuracy: PairedDifference; loss: PairedDifference } | null;
  gradientsToTarget: CostToTarget;
  cost: Cost;
}

export type Status = "finished" | "diverged";

/** What trials and final runs have in common. */
export interface Attempt {
  status: Status;
  /** Why it diverged; empty when it finished. */
  reason: string;
  /** Updates done. */
  steps: number;
  /** Gradients of a batch evaluated: one a step, and more for rules that look around before they move. */
  gradients: number;
  seconds: number;
  /** Run folder relative to the report, with forward slashes. */
  folder: string;
}

export interface Trial extends Attempt {
  number: number;
  hyperparameters: Configuration;
  /** At the last step. */
  validationLoss: number | null;
  validationAccuracy: number | null;
}

export interface Run extends Attempt {
  seed: number;
  /** In order of step. */
  evaluations: Evaluation[];
}

export interface Evaluation {
  step: number;
  /** Gradients of a batch evaluated so far. */
  gradients: number;
  trainLoss: number | null;
  validationLoss: number | null;
  testLoss: number | null;
  testAccuracy: number | null;
}

export interface Cost {
  /** Gradient evaluations of all trials; a run that stands for several trials counts once. */
  tuningGradients: number;
  /** Gradient evaluations of the final runs. */
  finalGradients: number;
  /** Sum over runs, not wall time: with several workers the wall is shorter. */
  tuningSeconds: number;
  finalSeconds: number;
}

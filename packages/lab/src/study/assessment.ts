/**
 * What a study says: every number that its report, its CSV and JSON files and the pages show, computed once by `assessStudy`.
 *
 * Plain JSON: what does not exist is `null`, never NaN. A *condition* is what all rules of a comparison share; a *cell* is one rule
 * under one condition, with its searches A and A′ and the runs of their winners. The *A/A band* is how far apart two searches of the
 * same rule come out: a difference between rules counts only where its interval lies outside.
 */
import type { Configuration } from "../samplers/index.ts";
import type { CostToTarget, Interval, PairedTest, Summary } from "../statistics/index.ts";
import type { ClaimAnswer } from "./claim.ts";
import type { TrialEnd } from "./result.ts";
import type { Metric, StudyRule, StudyTask } from "./study-data.ts";

export interface StudyAssessment {
  name: string;
  hash: string;
  seed: number;
  command: string;
  startedAt: string;
  finishedAt: string | null;
  machine: Readonly<Record<string, string | number>>;
  tasks: readonly StudyTask[];
  rules: readonly AssessedRule[];
  /** The rule that differences are taken from: adamw where the study has it, else its first. */
  baseline: string;
  /** Independent searches per cell. */
  replicates: number;
  /** Of the final runs. */
  seeds: readonly number[];
  progress: Progress;
  cost: StudyCost;
  /** Whether intervals over all tasks draw tasks as well, to speak about tasks like these; else they are about these. */
  tasksDrawn: boolean;
  /** Comparisons that were judged together, by Holm's correction. */
  comparisons: number;
  conditions: readonly AssessedCondition[];
  /** Aggregates over all conditions of a schedule. */
  schedules: readonly AssessedSchedule[];
  /** Every rule against the baseline, under every condition: supported, refuted and undecided. */
  claims: readonly ClaimAnswer[];
  runs: readonly AssessedRun[];
}

export interface AssessedRule extends StudyRule {
  /** What is searched, by name: a rule with more has more to find in the same number of trials. */
  dimensions: readonly string[];
}

export interface Progress {
  planned: number;
  ended: number;
  ends: Readonly<Record<TrialEnd, number>>;
}

/** What it took; the final runs of a rule do not tell what finding its values cost. */
export interface StudyCost {
  tuningGradients: number;
  finalGradients: number;
  tuningSeconds: number;
  finalSeconds: number;
}

/** What all rules of a comparison share. */
export interface Condition {
  task: string;
  schedule: string;
  batchSize: number;
  steps: number;
}

export interface AssessedCondition extends Condition {
  metric: Metric;
  /** What scores 0, the untrained model's value, and what scores 1; `null` where the one or the other is not known. */
  scale: Scale | null;
  /** One per rule that has runs here, in the study's order. */
  cells: readonly Cell[];
  /** `null` where no rule was searched twice. */
  band: Band | null;
  /** Each rule but the baseline, minus the baseline; empty where the baseline has no runs here. */
  differences: readonly Difference[];
}

export interface Scale {
  start: number;
  best: number;
}

/** One rule under one condition. */
export interface Cell {
  rule: string;
  searches: readonly Search[];
  /** Over seeds, each the mean of its runs with the winners of all searches. */
  value: Summary | null;
  points: readonly Point[];
  /** Final runs that ended otherwise than they should: they count as worst and are never left out. */
  lost: { diverged: number; failed: number; timedOut: number };
  /** Of the searches' trials. */
  pool: { trials: number; diverged: number };
  curve: TuningCurve | null;
  sensitivity: Sensitivity | null;
  /** Gradients until the metric's target, over all final runs; `null` where the task has none. */
  gradientsToTarget: CostToTarget | null;
  /** The metric before training. */
  initial: number | null;
  cost: StudyCost;
}

/** One of the independent searches of a cell, and its winner's runs. */
export interface Search {
  replicate: number;
  /** The winner's values; `null` as long as there is no winner. */
  tuned: Configuration | null;
  /** The winner's final validation loss in the search. */
  validationLoss: number | null;
  /** Over seeds. */
  value: Summary | null;
}

/** The metric of a final run. */
export interface Point {
  replicate: number;
  seed: number;
  /** `null` where it did not finish. */
  value: number | null;
}

/** What the best of k trials gives, by validation: its test value. */
export interface TuningCurve {
  /** Over all choices of k from the pool; or, where the sampler learned and order matters, as it went. */
  kind: "expected" | "observed";
  /** Trials in the pool. */
  trials: number;
  points: readonly TuningPoint[];
}

export interface TuningPoint {
  k: number;
  /** `null` where k trials may all have diverged. */
  mean: number | null;
  /** Diverged counts as worst; `null` where that is the median. */
  median: number | null;
  /** 95 % of the median, pool resampled; `null` where infinite or not computed. */
  low: number | null;
  high: number | null;
}

/** Width in decades of the learning rates whose validation loss is within 10 % of what was gained from the start to the best. */
export interface Sensitivity {
  decades: number;
  low: number;
  high: number;
}

/** How far apart two searches of the same rule come out. */
export interface Band {
  /** Of the difference between two usual rules; each pair of rules is judged by its own, `Difference.band`, which is at least this. */
  halfWidth: number | null;
  /** 95th percentile of |A − A′| over rules and resamples: one noisy rule among few decides it. */
  percentile: number | null;
  /** Rules that it was measured on. */
  rules: number;
  /** Of each rule. */
  searches: number;
  /** A minus A′, rule by rule, and pair by pair where there are more than two searches. */
  differences: readonly { rule: string; mean: number | null; interval: Interval | null }[];
}

/** How `rule` differs from `minus`, seed by seed. */
export interface Difference {
  rule: string;
  minus: string;
  /** Seeds that both have. */
  n: number;
  /** Seeds on which a run of the one or the other did not finish. */
  lost: number;
  lostMinus: number;
  mean: number | null;
  interval: Interval | null;
  test: PairedTest | "signed-rank";
  p: number | null;
  /** p after Holm's correction over all comparisons that were judged together. */
  pHolm: number | null;
  /** Half-width of the A/A band between these two rules. */
  band: number | null;
  /** Where the metric of `rule` lies. */
  side: "lower" | "higher" | "not distinguishable";
  /** Seeds that a difference of this size needs; `null` where no number of seeds would do, or none is known. */
  seedsNeeded: number | null;
  reason: string;
}

/** A number with its 95 % interval; the interval is `null` where it cannot be computed. */
export interface Estimate {
  value: number | null;
  interval: Interval | null;
}

/** All conditions of one schedule together. */
export interface AssessedSchedule {
  schedule: string;
  /** Conditions in which every rule of `rules` has final runs. */
  cases: readonly Condition[];
  rules: readonly string[];
  /** Each rule but the baseline, minus the baseline: the mean score over the conditions that have a scale, seed by seed. */
  differences: readonly Difference[];
  /** Of scores in [0, 1]: 0 the untrained model, 1 the best value known. */
  scores: Scores | null;
  /** Share of runs that score at least so much; `null` where no case has a scale. */
  scoreProfile: ScoreProfile | null;
  /** By the cost of reaching targets; `null` where the tasks have none. */
  profile: Profile | null;
  ranks: Ranks | null;
  switches: Switches | null;
  /** What is missing, and why, in sentences. */
  notes: readonly string[];
}

export interface Scores {
  /** Cases with a scale: the others take part in `improvement` only. */
  cases: number;
  /** Half-width of the A/A band of the mean score, between two usual rules. */
  band: number | null;
  /** All of that band. */
  noise: Band | null;
  rules: readonly {
    rule: string;
    mean: Estimate;
    /** Mean of the middle half of all scores. */
    iqm: Estimate;
    /** Mean of 1 − score. */
    optimalityGap: Estimate;
    /** That a run is better than one of the baseline on the same task; ½ where they are alike. */
    improvement: Estimate;
  }[];
}

/** Of all final runs of a rule over all cases with a scale, the share with a score of at least τ. */
export interface ScoreProfile {
  taus: readonly number[];
  rules: readonly {
    rule: string;
    share: readonly number[];
    low: readonly number[];
    high: readonly number[];
  }[];
}

/** ρ(τ): share of cases in which a rule takes at most τ times the gradients of the fastest. */
export interface Profile {
  taus: readonly number[];
  cases: number;
  rules: readonly {
    rule: string;
    share: readonly number[];
    low: readonly number[];
    high: readonly number[];
    /** Mean height of the profile from 1 to 4. */
    score: Estimate;
    /** The same by AlgoPerf's 100-point trapezoid. */
    trapezoid: number;
  }[];
}

export interface Ranks {
  cases: number;
  /** 1 is best; ties share. */
  rules: readonly { rule: string; meanRank: number }[];
  friedman: { statistic: number; p: number } | null;
  /** Mean ranks closer than this are not distinguishable by Nemenyi's test. */
  criticalDifference: number;
  /** Largest sets of rules whose mean ranks are not distinguishable, by rule name in order of rank. */
  groups: readonly (readonly string[])[];
  wilcoxon: readonly { a: string; b: string; p: number; pHolm: number }[];
  /** Smallest p that a pair can get at all, after Holm's correction. */
  attainableP: number;
  /** Cases at which the most extreme pair could first be significant. */
  casesNeeded: number;
}

/** From rule i at its defaults to rule j tuned: what it gains in score. */
export interface Switches {
  cases: number;
  rules: readonly string[];
  /** `cells[i][j]`; over cases. */
  cells: readonly (readonly (Estimate & { significant: boolean })[])[];
}

/** A run as tables list it. */
export interface AssessedRun {
  id: number;
  /** Index into `conditions`. */
  condition: number;
  rule: string;
  replicate: number;
  phase: "tuning" | "final";
  number: number;
  seed: number;
  end: TrialEnd;
  reason: string;
  hyper: Configuration;
  /** The task's metric at the last step. */
  value: number | null;
  validationLoss: number | null;
  steps: number;
  gradients: number;
  seconds: number;
  folder: string;
}

/**
 * The runs of one comparison, and what they measured.
 *
 *   trials   for each rule: `budget` configurations, one training seed, judged by the validation loss at the last step
 *   finals   the winner of each rule on every seed: the same initial parameters and batches for every rule, so results pair
 */
import { join } from "node:path";
import { type Rule, withHyper } from "@thalweg/optim";
import type { FitResult } from "@thalweg/train";
import type { Evaluation, MeasuredRule, Run, Trial } from "../report/comparison.ts";
import { type AskedRule, showRule } from "../rules/index.ts";
import {
  type Configuration,
  type Dimension,
  runTrials,
  type SamplerName,
  type Space,
} from "../samplers/index.ts";
import type { Task } from "../tasks/index.ts";
import { fitToTask, leavesOutBiases } from "./learner.ts";
import type { Pool } from "./pool.ts";
import { scheduleOf, spaceOf } from "./spaces.ts";
import { endedTrial, finiteOrText, type TrialConfig, trialConfig, trialFolder } from "./trial.ts";

export interface StudyOptions {
  task: Task;
  taskFingerprint: string;
  /** Trials per rule. */
  budget: number;
  /** Training seeds of the final runs. */
  seeds: readonly number[];
  /** Spec of the learning-rate schedule. */
  schedule: string;
  /** Updates per run. */
  steps: number;
  /** Places the points of the search. */
  studySeed: number;
  /** How: by chance, or by what came of earlier trials. */
  sampler: SamplerName;
  /** What is searched, by rule, instead of what its file or `spaceOf` says. */
  spaces: Readonly<Record<string, Space>>;
  folder: string;
  onRun(event: RunEvent): void;
}

/** One run is over. */
export interface RunEvent {
  rule: string;
  phase: "trial" | "final";
  /** Trial number or seed. */
  index: number;
  /** The values that were searched. */
  hyper: Readonly<Record<string, number>>;
  result: FitResult;
  /** It had been done before. */
  reused: boolean;
}

/** Of every trial; none of the final runs has it, since it was used to select. */
export const TUNING_SEED = 42;

/** Raised when a comparison was ended before its end; what was done is kept. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Tune a rule, then run the winner on every seed. Raises Interrupted, RunFolderError. */
export async function studyRule(asked: AskedRule, options: StudyOptions, pool: Pool): Promise<MeasuredRule> {
  const { budget, seeds, studySeed, sampler, task } = options;
  const rule = withHyper(asked.rule, fitToTask(asked.rule, task, asked.fixed));
  const space = searched(asked, options);
  const schedule = scheduleOf(rule, options.schedule);
  const study = { space, studySeed, budget, sampler, ...pinDefaults(rule, space) };
  const job = { rule, schedule, options, pool };
  const trials = await runTrials(study, (number, values) => trial(number, values, job), lossOf);
  const best = winner(trials).hyperparameters;
  const runs = await Promise.all(seeds.map((seed) => final(seed, best, job)));
  const shown = showRule(rule);
  return {
    name: rule.name,
    formula: shown.text,
    latex: shown.latex,
    source: rule.links
      .map(({ source }) => source)
      .filter((source) => source !== "")
      .join("; "),
    defaults: finiteOrText(rule.hyper),
    tuned: { ...finiteOrText(rule.hyper), ...best },
    space,
    exceptions: exceptions(rule, schedule, options),
    trials,
    runs,
  };
}

/** What the asker has given a value is not searched. */
function searched({ rule, fixed, space }: AskedRule, { spaces }: StudyOptions): Space {
  const asked = spaces[rule.name];
  if (asked !== undefined) return asked;
  return Object.fromEntries(Object.entries(space ?? spaceOf(rule)).filter(([name]) => !fixed.includes(name)));
}

/** How the rule's runs differ from those of the others, besides the rule. */
function exceptions(rule: Rule, schedule: string, options: StudyOptions): string[] {
  return [
    ...(leavesOutBiases(rule) ? ["the network has no biases, which it cannot update"] : []),
    ...(rule.initialisation === undefined
      ? []
      : [`starting values of its own, from the initialisation "${rule.initialisation}"`]),
    ...(schedule === options.schedule ? [] : [`schedule ${schedule}`]),
  ];
}

/** Trial 0 tries the rule's defaults, unless they lie outside the space. */
export function pinDefaults({ hyper }: Rule, space: Space): { pinned?: Configuration } {
  const inside = Object.entries(space).every(([name, dimension]) => contains(dimension, hyper[name]));
  if (!inside) return {};
  return { pinned: Object.fromEntries(Object.keys(space).map((name) => [name, hyper[name]!])) };
}

const contains = (dimension: Dimension, value: number | undefined) =>
  value !== undefined &&
  ("low" in dimension
    ? dimension.low <= value && value <= dimension.high
    : dimension.choices.includes(value));

/** The lowest validation loss at the last step; where every trial diverged, the first, so that the report shows it. */
function winner(trials: readonly Trial[]): Trial {
  return trials.reduce((best, one) => (lossOf(one) < lossOf(best) ? one : best));
}

/** What the search minimises: the validation loss at the last step, ∞ for a trial that diverged. */
const lossOf = ({ status, validationLoss }: Trial): number =>
  status === "finished" ? (validationLoss ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;

interface Job {
  rule: Rule;
  schedule: string;
  options: StudyOptions;
  pool: Pool;
}

async function trial(number: number, hyperparameters: Configuration, job: Job): Promise<Trial> {
  const { config, result } = await runOnce("trial", number, TUNING_SEED, hyperparameters, job);
  const last = result.evaluations.at(-1);
  return {
    number,
    hyperparameters,
    ...attempt(config, result),
    validationLoss: finite(last?.validationLoss),
    validationAccuracy: finite(last?.validationAccuracy),
  };
}

async function final(seed: number, tuned: Configuration, job: Job): Promise<Run> {
  const { config, result } = await runOnce("final", seed, seed, tuned, job);
  const evaluations = result.evaluations.map(
    (line): Evaluation => ({
      step: line.step,
      gradients: line.gradients,
      trainLoss: finite(line.trainLoss),
      validationLoss: finite(line.validationLoss),
      testLoss: finite(line.testLoss),
      testAccuracy: finite(line.testAccuracy),
    }),
  );
  return { seed, ...attempt(config, result), evaluations };
}

/** From disk if it has been done, else by the pool. */
async function runOnce(
  phase: RunEvent["phase"],
  index: number,
  seed: number,
  values: Configuration,
  { rule, schedule, options, pool }: Job,
): Promise<{ config: TrialConfig; result: FitResult }> {
  const { task, taskFingerprint, steps, folder, onRun } = options;
  const hyper = values as Record<string, number>; // only numbers are searched
  const config = trialConfig(task, taskFingerprint, {
    rule: withHyper(rule, hyper),
    schedule,
    steps,
    seed,
    test: phase === "final",
  });
  const at = join(folder, trialFolder(config));
  const ended = endedTrial(config, at);
  const result = ended ?? (await pool.run(config, at));
  if (result.end === "interrupted") throw new Interrupted("the comparison was interrupted");
  onRun({ rule: rule.name, phase, index, hyper, result, reused: ended !== undefined });
  return { config, result };
}

function attempt(config: TrialConfig, { end, reason = "", step, gradients, seconds }: FitResult) {
  const status = end === "diverged" ? ("diverged" as const) : ("finished" as const);
  return {
    status,
    reason,
    steps: step,
    gradients,
    seconds,
    folder: trialFolder(config).replaceAll("\\", "/"),
  };
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/**
 * The main job: compare rules on a task, each tuned with the same budget and then run on the same seeds.
 *
 *   trials   for each rule: `budget` configurations, one training seed, judged by the validation loss at the last step
 *   finals   the winner of each rule on every seed: the same initial parameters and batches for every rule, so results pair
 *
 * Runs are independent jobs for a pool of worker threads; what is done lies in the folder and is found again.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Dataset } from "@thalweg/data";
import { type Rule, rules, ruleToLatex } from "@thalweg/optim";
import { type FitResult, readRun, runId } from "@thalweg/train";
import type { Evaluation, MeasuredComparison, MeasuredRule, Run, Trial } from "../report/index.ts";
import { type Configuration, samplers, suggest } from "../samplers/index.ts";
import type { Task } from "../tasks/index.ts";
import { machineFacts, thalwegVersion } from "./machine.ts";
import { Pool } from "./pool.ts";
import { spaceOf } from "./spaces.ts";
import { runFolder, type TrialConfig, taskFacts } from "./trial.ts";

export interface CompareOptions {
  task: Task;
  dataset: Dataset;
  rules: readonly string[];
  /** Trials per rule. */
  budget: number;
  /** Number of paired seeds of the final runs. */
  seeds: number;
  /** Spec of the learning-rate schedule. */
  schedule: string;
  /** Steps per run, instead of the task's. */
  steps?: number;
  studySeed: number;
  folder: string;
  workers: number;
  /** The command line, for the report. */
  command: string;
  onProgress?(event: ProgressEvent): void;
  signal?: AbortSignal;
}

/** One job is over. */
export interface ProgressEvent {
  rule: string;
  phase: "trial" | "final";
  /** Trial number or seed. */
  index: number;
  hyper: Readonly<Record<string, number>>;
  result: FitResult;
  /** It had been done before. */
  reused: boolean;
  done: number;
  total: number;
}

/** The first seed of the final runs; the tuning seed is none of them, since it was used to select. */
const FIRST_SEED = 43;
const TUNING_SEED = 42;

/** Raised when the signal ends a comparison; what was done is kept. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Run a comparison, or the rest of one. Raises Interrupted, RangeError, RunFolderError. */
export async function compare(options: CompareOptions): Promise<MeasuredComparison> {
  const { task, dataset, signal } = options;
  checkOptions(options);
  const startedAt = new Date().toISOString();
  const facts = await taskFacts(task, dataset);
  const taskFingerprint = `${dataset.fingerprint.slice(0, 16)}-${facts.initialLoss}`;
  const pool = new Pool({ task: task.name, dataset, workers: options.workers });
  const abort = () => pool.abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const study = new Study(options, taskFingerprint, pool);
    const measured = await Promise.all(options.rules.map((name) => study.rule(rules[name]!)));
    return {
      version: 1,
      title: `${options.rules.length} optimizers on ${task.name}`,
      command: options.command,
      startedAt,
      finishedAt: new Date().toISOString(),
      task: {
        name: task.name,
        description: task.description,
        fingerprint: taskFingerprint,
        dataset: {
          name: dataset.name,
          origin: dataset.origin,
          sha256: dataset.fingerprint,
          train: dataset.train.count - task.validation,
          validation: task.validation,
          test: dataset.test.count,
        },
        model: task.architecture,
        parameters: facts.parameters,
        batchSize: task.batchSize,
        steps: study.steps,
        lossUnit: "nat",
        targetAccuracy: task.targetAccuracy,
      },
      machine: machineFacts(options.workers),
      study: {
        seed: options.studySeed,
        budget: options.budget,
        tuningSeed: TUNING_SEED,
        seeds: study.seeds,
        sampler: `the rule's defaults, then ${samplers.halton.title}`,
        schedule: options.schedule,
      },
      rules: measured,
    };
  } finally {
    signal?.removeEventListener("abort", abort);
    await pool.close();
  }
}

function checkOptions({ budget, seeds, rules: names }: CompareOptions): void {
  for (const [name, value] of Object.entries({ budget, seeds })) {
    if (!(Number.isSafeInteger(value) && value >= 1)) {
      throw new RangeError(
        `Cannot compare as ${name} must be a whole number, at least 1: current value is ${value}`,
      );
    }
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`Cannot compare ${twice} with itself: name each rule once`);
}

/** The jobs of one comparison. */
class Study {
  readonly steps: number;
  readonly seeds: number[];
  private readonly options: CompareOptions;
  private readonly taskFingerprint: string;
  private readonly pool: Pool;
  private done = 0;

  constructor(options: CompareOptions, taskFingerprint: string, pool: Pool) {
    this.options = options;
    this.taskFingerprint = taskFingerprint;
    this.pool = pool;
    this.steps = options.steps ?? options.task.steps;
    this.seeds = Array.from({ length: options.seeds }, (_, i) => FIRST_SEED + i);
  }

  /** Tune a rule, then run the winner on every seed. */
  async rule(rule: Rule): Promise<MeasuredRule> {
    const { budget, studySeed } = this.options;
    const space = spaceOf(rule);
    const pinned = Object.fromEntries(Object.keys(space).map((name) => [name, rule.hyper[name]!]));
    const study = { space, studySeed, budget, pinned };
    const trials = await Promise.all(
      Array.from({ length: budget }, (_, number) => this.trial(rule, number, suggest(study, number))),
    );
    const tuned = { ...rule.hyper, ...winner(trials).hyperparameters };
    const runs = await Promise.all(this.seeds.map((seed) => this.final(rule, seed, tuned)));
    return {
      name: rule.name,
      formula: rule.links.map(({ update }) => update.trim().replaceAll(/^ +/gm, "")).join("\n"),
      latex: ruleToLatex(rule),
      source: rule.links.map(({ source }) => source).join("; "),
      defaults: rule.hyper,
      tuned,
      space,
      trials,
      runs,
    };
  }

  private async trial(rule: Rule, number: number, hyperparameters: Configuration): Promise<Trial> {
    const hyper = { ...rule.hyper, ...hyperparameters } as Record<string, number>;
    const { config, result } = await this.job("trial", number, rule, hyper, TUNING_SEED);
    const last = result.evaluations.at(-1);
    return {
      number,
      hyperparameters,
      ...attempt(config, result),
      validationLoss: finite(last?.validationLoss),
      validationAccuracy: finite(last?.validationAccuracy),
    };
  }

  private async final(rule: Rule, seed: number, hyper: Configuration): Promise<Run> {
    const { config, result } = await this.job("final", seed, rule, hyper as Record<string, number>, seed);
    const evaluations = result.evaluations.map(
      (line): Evaluation => ({
        step: line.step,
        trainLoss: finite(line.trainLoss),
        validationLoss: finite(line.validationLoss),
        testLoss: finite(line.testLoss),
        testAccuracy: finite(line.testAccuracy),
      }),
    );
    return { seed, ...attempt(config, result), evaluations };
  }

  private async job(
    phase: ProgressEvent["phase"],
    index: number,
    rule: Rule,
    hyper: Record<string, number>,
    seed: number,
  ): Promise<{ config: TrialConfig; result: FitResult }> {
    const { task, schedule, folder, budget, onProgress } = this.options;
    const config: TrialConfig = {
      kind: "compare",
      version: 1,
      task: task.name,
      taskFingerprint: this.taskFingerprint,
      rule: rule.name,
      formula: rule.links.map(({ update }) => update),
      hyper,
      schedule,
      steps: this.steps,
      batchSize: task.batchSize,
      seed,
      test: phase === "final",
      engine: `thalweg ${thalwegVersion}`,
    };
    const at = join(folder, runFolder(config));
    const known = existsSync(at) ? readRun(at) : undefined;
    const reused = known?.end !== undefined && known.id === runId(config);
    const result = await this.pool.run(config, at);
    if (result.end === "interrupted") throw new Interrupted("the comparison was interrupted");
    this.done++;
    const total = this.options.rules.length * (budget + this.seeds.length);
    onProgress?.({ rule: rule.name, phase, index, hyper, result, reused, done: this.done, total });
    return { config, result };
  }
}

/** The lowest validation loss at the last step; where every trial diverged, the first, so that the report shows it. */
function winner(trials: readonly Trial[]): Trial {
  const loss = ({ status, validationLoss }: Trial) =>
    status === "finished" ? (validationLoss ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  return trials.reduce((best, trial) => (loss(trial) < loss(best) ? trial : best));
}

function attempt(config: TrialConfig, { end, reason = "", step, seconds }: FitResult) {
  const status = end === "diverged" ? ("diverged" as const) : ("finished" as const);
  return { status, reason, steps: step, seconds, folder: runFolder(config).replaceAll("\\", "/") };
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

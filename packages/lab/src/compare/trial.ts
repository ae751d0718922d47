/**
 * One run of a task, from its configuration to its result; `compare` does many, `train` one. The configuration is the
 * run's identity: it says everything that the numbers depend on, is stored as config.json, and its hash names the run. So
 * the same request is found again, finished or half done, and is not computed twice.
 */
import { join } from "node:path";
import { Batches, type Dataset, holdOut, type Partition } from "@thalweg/data";
import { Optimizer, parseSchedules, type Rule, rules, stateSlotCount, wasmBackend } from "@thalweg/optim";
import {
  canonicalJson,
  createRun,
  type Evaluation,
  Evaluator,
  type FitResult,
  fit,
  type Json,
  type JsonObject,
  openRun,
  ParameterVector,
  type RunFolder,
  RunFolderError,
  readResult,
  readRun,
  runId,
  TrainingProgram,
} from "@thalweg/train";
import type { Task } from "../tasks/index.ts";
import { engine } from "./machine.ts";

/** What the numbers of a run depend on. */
export interface TrialConfig extends JsonObject {
  kind: "training";
  version: 1;
  task: string;
  /** Of data, model and initial loss. */
  taskFingerprint: string;
  rule: string;
  /** The rule's formula, link by link: a changed formula is another run. */
  formula: readonly string[];
  hyper: Readonly<Record<string, number>>;
  schedule: string;
  steps: number;
  batchSize: number;
  /** Steps between evaluations. */
  evaluateEvery: number;
  /** Images held out of the training split. */
  validation: number;
  evaluationBatch: number;
  seed: number;
  /** Whether the test split is measured too: trials never do. */
  test: boolean;
  engine: string;
}

/** What is chosen about a run; the rest is the task's. */
export interface TrialRequest {
  rule: Rule;
  hyper: Readonly<Record<string, number>>;
  schedule: string;
  steps: number;
  seed: number;
  test: boolean;
}

export function trialConfig(task: Task, taskFingerprint: string, request: TrialRequest): TrialConfig {
  const { batchSize, evaluateEvery, validation, evaluationBatch } = task;
  const { rule, hyper, schedule, steps, seed, test } = request;
  return {
    kind: "training",
    version: 1,
    task: task.name,
    taskFingerprint,
    rule: rule.name,
    formula: rule.links.map(({ update }) => update),
    hyper: { ...rule.hyper, ...hyper },
    schedule,
    steps,
    batchSize,
    evaluateEvery,
    validation,
    evaluationBatch,
    seed,
    test,
    engine,
  };
}

/** Where a run of this configuration lies, below a comparison's folder. */
export const trialFolder = (config: TrialConfig): string => join("runs", runId(config).slice(0, 16));

/** Split and validation are the same for every seed, so that seeds differ in what training draws, and in nothing else. */
const SPLIT_SEED = 0;

/** The result of this run if it has ended in the folder: from disk, without training. Raises RunFolderError. */
export function endedTrial(config: TrialConfig, folder: string): FitResult | undefined {
  const run = openTrial(config, folder);
  return run && readResult(run);
}

/** The run in the folder, if there is one; another run than this one is refused. */
function openTrial(config: TrialConfig, folder: string): RunFolder | undefined {
  const there = readRun(folder);
  if (there === undefined) return undefined;
  if (there.id === runId(config)) return openRun(folder);
  const keys = [...new Set([...Object.keys(config), ...Object.keys(there.config)])];
  const text = (value: Json | undefined) => canonicalJson(value ?? null);
  const differing = keys.filter((key) => text(config[key]) !== text(there.config[key]));
  throw new RunFolderError(
    folder,
    "EEXIST",
    `Cannot train in ${folder} as it holds another run, with another ${differing.join(", ")}: choose another folder, or delete this one`,
  );
}

export interface TrialPlace {
  task: Task;
  dataset: Dataset;
  folder: string;
  signal?: AbortSignal;
  onEvaluation?(evaluation: Evaluation): void;
}

/**
 * Run a configuration to its end, or continue it where it was left. Raises RangeError for a configuration that cannot
 * work, RunFolderError when the folder cannot be written to or holds another run.
 */
export async function runTrial(config: TrialConfig, place: TrialPlace): Promise<FitResult> {
  const { task, dataset, folder, signal, onEvaluation } = place;
  const { batchSize, evaluateEvery, evaluationBatch, seed, steps } = config;
  const run = openTrial(config, folder) ?? createRun(folder, config);
  const rule = rules[config.rule]!;
  const model = task.model(dataset.train.shape, dataset.classes.length);
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(rule) });
  vector.initialize(model.module, seed);
  const optimizer = new Optimizer({
    backend: wasmBackend(vector.memory),
    segments: vector.segments,
    parameters: vector.parameters,
    gradients: vector.gradients,
    rule,
    hyper: config.hyper,
  });

  const { train, validation } = partition(dataset, config.validation);
  const batches = new Batches(dataset.train, { batchSize, normalization: dataset, indices: train, seed });
  const program = await TrainingProgram.create({ model, vector, batchSize, seed });
  const common = { model, vector, batchSize: evaluationBatch, normalization: dataset };
  const evaluators = {
    validation: await Evaluator.create({ ...common, split: dataset.train, indices: validation }),
    ...(config.test ? { test: await Evaluator.create({ ...common, split: dataset.test }) } : {}),
  };
  try {
    return await fit({
      vector,
      program,
      optimizer,
      run,
      steps,
      schedules: parseSchedules(config.schedule, steps),
      evaluateEvery,
      fill: (step, batch) => batches.fill(step, batch.x as Float32Array, batch.labels as Int32Array),
      evaluate: () => measure(evaluators),
      ...(signal && { signal }),
      ...(onEvaluation && { onEvaluation }),
    });
  } finally {
    await program.release();
    for (const evaluator of Object.values(evaluators)) await evaluator.release();
  }
}

/** `holdOut` of a dataset, drawn once per thread: for MNIST it takes as long as preparing everything else of a run. */
function partition(dataset: Dataset, count: number): Partition {
  const known = partitions.get(dataset);
  if (known?.validation.length === count) return known;
  const drawn = holdOut(dataset.train, { count, seed: SPLIT_SEED });
  partitions.set(dataset, drawn);
  return drawn;
}
const partitions = new WeakMap<Dataset, Partition>();

/** `validationLoss`, `testAccuracy` …: every measure of every split. */
async function measure(evaluators: Readonly<Record<string, Evaluator>>): Promise<Record<string, number>> {
  const measures: Record<string, number> = {};
  for (const [split, evaluator] of Object.entries(evaluators)) {
    for (const [name, value] of Object.entries(await evaluator.run())) {
      measures[`${split}${name[0]!.toUpperCase()}${name.slice(1)}`] = value;
    }
  }
  return measures;
}

/**
 * One run of a task, from its configuration to its result; `compare` does many, `train` one. The configuration is the
 * run's identity: it says everything that the numbers depend on, is stored as config.json, and its hash names the run. So
 * the same request is found again, finished or half done, and is not computed twice.
 */
import { join } from "node:path";
import { Batches, type BatchValues, type Dataset, holdOut, type Partition } from "@thalweg/data";
import { parseSchedules, type Rule, readRule, type WrittenRule, writeRule } from "@thalweg/optim";
import {
  alone,
  type Batch,
  type BatchSchedule,
  type Checkpoints,
  type Communicator,
  canonicalJson,
  createRun,
  type Evaluation,
  Evaluator,
  type Fence,
  type FitResult,
  fit,
  followRun,
  type Json,
  type JsonObject,
  type Model,
  type Observer,
  openRun,
  parseBatchSchedule,
  type RunFolder,
  RunFolderError,
  readResult,
  readRun,
  runId,
  TrajectoryRecorder,
} from "@thalweg/train";
import type { TaskFile } from "../tasks/from-file.ts";
import type { Task } from "../tasks/index.ts";
import { createLearner, type Learner, leavesOutBiases, schedulesFor } from "./learner.ts";
import { engine } from "./machine.ts";

/** What the numbers of a run depend on. */
export interface TrialConfig extends JsonObject {
  kind: "training";
  version: 2;
  task: string;
  /** Of data, model and initial loss. */
  taskFingerprint: string;
  rule: string;
  /** The rule as `writeRule` gives it, with the values of this run: a changed formula is another run. */
  links: readonly JsonObject[];
  /** The hyperparameters of the links again, by their names in the chain, for those who read this; infinities as text. */
  hyper: Readonly<Record<string, number | string>>;
  /** Whether the model has biases: a rule of matrices alone trains it without. */
  bias: boolean;
  schedule: string;
  steps: number;
  /** Of the first step, if `batches` changes it. */
  batchSize: number;
  /** A batch-size schedule; the key is left out where the size is constant. */
  batches?: string;
  /** Processes that train together, each with an equal part of every batch; the key is left out for one. */
  ranks?: number;
  /** Parts of a rank's share of a batch that are computed one after the other; the key is left out for one. */
  accumulate?: number;
  /** Whether batch normalisation takes the statistics of all ranks' parts together; left out where each takes its own. */
  synchronised?: true;
  /** What is computed again in the backward pass rather than kept; the key is left out where all is kept. */
  checkpoint?: Checkpoints;
  /** Points of the course that are recorded at most; the key is left out where none are. */
  trajectory?: number;
  /** Time for diagnostics, as a share of training's; the key is left out where there are none. */
  diagnostics?: number;
  /** Steps between evaluations. */
  evaluateEvery: number;
  /** Images held out of the training split. */
  validation: number;
  evaluationBatch: number;
  seed: number;
  /** Whether the test split is measured too: trials never do. */
  test: boolean;
  /** The key is left out where each epoch has an order of its own. */
  order?: "fixed";
  /** What makes the task, where it is none of the built-in ones; else the key is left out. */
  file?: TaskFile;
  engine: string;
}

/** What is chosen about a run; the rest is the task's. */
export interface TrialRequest {
  /** With the values of this run as its defaults. */
  rule: Rule;
  schedule: string;
  /** A batch-size schedule, instead of the task's constant size. */
  batches?: string;
  /** Images of each step over all ranks, instead of the task's. */
  batchSize?: number;
  /** Left out for one, as in TrialConfig. */
  ranks?: number;
  accumulate?: number;
  /** Whether batch normalisation takes the statistics of all ranks' parts together; left out where each takes its own. */
  synchronised?: true;
  /** Left out where all is kept, as in TrialConfig. */
  checkpoint?: Checkpoints;
  /** Left out where none are recorded, as in TrialConfig. */
  trajectory?: number;
  diagnostics?: number;
  steps: number;
  seed: number;
  test: boolean;
}

export function trialConfig(task: Task, taskFingerprint: string, request: TrialRequest): TrialConfig {
  const { evaluateEvery, validation, evaluationBatch } = task;
  const { rule, schedule, batches, batchSize, ranks = 1, accumulate = 1, synchronised } = request;
  const { steps, seed, test } = request;
  const { name, links } = writeRule(rule);
  return {
    kind: "training",
    version: 2,
    task: task.name,
    taskFingerprint,
    rule: name,
    links: links as unknown as JsonObject[],
    hyper: finiteOrText(rule.hyper),
    bias: !leavesOutBiases(rule),
    schedule,
    steps,
    batchSize:
      batches === undefined ? (batchSize ?? task.batchSize) : parseBatchSchedule(batches).batchSize(0),
    ...(batches === undefined ? {} : { batches }),
    ...(ranks === 1 ? {} : { ranks }),
    ...(accumulate === 1 ? {} : { accumulate }),
    ...(synchronised && { synchronised }),
    ...(request.checkpoint === undefined ? {} : { checkpoint: request.checkpoint }),
    ...(request.trajectory === undefined ? {} : { trajectory: request.trajectory }),
    ...(request.diagnostics === undefined ? {} : { diagnostics: request.diagnostics }),
    evaluateEvery,
    validation,
    evaluationBatch,
    seed,
    test,
    ...(task.order === "fixed" && { order: task.order }),
    ...(task.file === undefined ? {} : { file: task.file }),
    engine,
  };
}

/** The rule that a run's configuration holds. Raises FormulaError or TypeError when it holds none. */
export const configuredRule = ({ rule, links }: Pick<TrialConfig, "rule" | "links">): Rule =>
  readRule({ name: rule, links } as unknown as WrittenRule);

/** Numbers as JSON has them: infinities are written as text. */
export const finiteOrText = (values: Readonly<Record<string, number>>): Record<string, number | string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]),
  );

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
function openTrial(config: TrialConfig, folder: string, fence?: Fence): RunFolder | undefined {
  const there = readRun(folder);
  if (there === undefined) return undefined;
  if (there.id === runId(config)) return openRun(folder, fence);
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
  /** The ranks that train it together, as many as the configuration says; this process alone by default. */
  communicator?: Communicator;
  /** Whether each rank keeps the optimizer's state of its slice only. */
  sharded?: boolean;
  signal?: AbortSignal;
  /** Leave the run after this step, to be gone on with another time. */
  until?: number;
  /** What keeps this process out of the folder once another has taken the run over. */
  fence?: Fence;
  onEvaluation?(evaluation: Evaluation): void;
}

/**
 * Run a configuration to its end, or continue it where it was left. Raises RangeError for a configuration that cannot
 * work, RunFolderError when the folder cannot be written to or holds another run.
 */
export async function runTrial(config: TrialConfig, place: TrialPlace): Promise<FitResult> {
  const { task, dataset, folder, signal, until, onEvaluation, communicator = alone, sharded = false } = place;
  const { evaluateEvery, evaluationBatch, seed, steps, accumulate = 1, synchronised = false } = config;
  const batchSize = batchSizes(config);
  const run = await openOnRanks(config, folder, communicator, place.fence);
  const rule = configuredRule(config);
  const { train, validation } = partition(dataset, config.validation);
  const heldOut = dataset.validation
    ? { split: dataset.validation }
    : { split: dataset.train, indices: validation };
  const parts = { communicator, accumulate, synchronised, sharded };
  const learner = await createLearner({
    task: configuredTask(task, config),
    dataset,
    rule,
    batchSize,
    seed,
    indices: train,
    ...parts,
  });
  const { model, vector } = learner;
  const common = { model, vector, batchSize: evaluationBatch, normalization: dataset, communicator };
  const evaluators = {
    validation: await Evaluator.create({ ...common, ...heldOut }),
    ...(config.test ? { test: await Evaluator.create({ ...common, split: dataset.test }) } : {}),
  };
  const { observers, release } = await observersOf(config, place, learner);
  try {
    return await fit({
      ...learner,
      run,
      communicator,
      steps,
      schedules: schedulesFor(rule, parseSchedules(config.schedule, steps), steps),
      evaluateEvery,
      watch: "validationLoss",
      evaluate: () => measure(evaluators),
      observers,
      ...(signal && { signal }),
      ...(until !== undefined && { until }),
      ...(onEvaluation && { onEvaluation }),
    });
  } finally {
    await release();
    await learner.release();
    for (const evaluator of Object.values(evaluators)) await evaluator.release();
  }
}

/** The file of a run's folder that its course is recorded in. */
export const TRAJECTORY = "trajectory.bin";

/** The file of diagnostics, a line of JSON each. */
export const DIAGNOSTICS = "diagnostics.jsonl";

/** What watches the run: on rank 0, which writes its folder. */
async function observersOf(
  { trajectory, diagnostics, steps, seed, validation }: TrialConfig,
  { folder, dataset, communicator = alone }: TrialPlace,
  { model, vector, program }: Learner,
): Promise<{ observers: Observer[]; release(): Promise<void> }> {
  const observers: Observer[] = [];
  if (communicator.rank === 0 && trajectory !== undefined) {
    const path = join(folder, TRAJECTORY);
    const { parameters } = vector;
    observers.push(new TrajectoryRecorder({ path, parameters, capacity: trajectory, last: steps }));
  }
  if (communicator.rank > 0 || diagnostics === undefined) return { observers, release: async () => {} };
  const { layoutOf, Monitor } = await import("@thalweg/landscape"); // most runs do without
  const { onlyBatch } = model as { onlyBatch?: number };
  const isAtHand = Object.keys(program.batch).length > 0; // not where a batch comes in parts, or has many sizes
  const monitor = await Monitor.create({
    ...{ model, vector, budget: diagnostics, path: join(folder, DIAGNOSTICS) },
    layout: layoutOf(model, onlyBatch),
    batch: isAtHand
      ? () => program.batch
      : examplesFrom(model, dataset, partition(dataset, validation).train, seed),
    ...(onlyBatch !== undefined && onlyBatch !== 1 && { examples: 0 }), // it computes no single example
  });
  return { observers: [...observers, monitor], release: () => monitor.release() };
}

/** Some examples of the training split for each step. */
function examplesFrom(model: Model, dataset: Dataset, indices: Uint32Array, seed: number) {
  const batchSize = Math.min(EXAMPLES_WATCHED, indices.length);
  const batches = new Batches(dataset.train, { normalization: dataset, indices, seed, batchSize });
  const batch = Object.fromEntries(
    Object.entries(model.inputs(batchSize)).map(([name, { shape, dtype }]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, dtype === "int32" ? new Int32Array(size) : new Float32Array(size)];
    }),
  );
  return (step: number): Batch => {
    batches.fill(step, batch.x as BatchValues, batch.labels as BatchValues);
    return batch;
  };
}
const EXAMPLES_WATCHED = 16;

/** Rank 0 begins or opens the run; the others follow it. */
async function openOnRanks(
  config: TrialConfig,
  folder: string,
  communicator: Communicator,
  fence: Fence | undefined,
): Promise<RunFolder> {
  const own =
    communicator.rank === 0
      ? (openTrial(config, folder, fence) ?? createRun(folder, config, fence))
      : undefined;
  await communicator.barrier();
  return own ?? followRun(folder);
}

const configuredTask = (task: Task, { checkpoint }: TrialConfig): Task =>
  checkpoint === undefined ? task : { ...task, checkpoint };

/** How many images each step takes: one number, or a schedule. */
const batchSizes = ({ batchSize, batches }: TrialConfig): number | BatchSchedule =>
  batches === undefined ? batchSize : parseBatchSchedule(batches);

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

/**
 * One run of a comparison, from its configuration to its result. The configuration is the run's identity: it says
 * everything that the numbers depend on, is stored as config.json, and its hash names the folder. So the same request is
 * found again, finished or half done, and is not computed twice.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Batches, type Dataset, holdOut } from "@thalweg/data";
import { Optimizer, parseSchedule, rules, stateSlotCount, wasmBackend } from "@thalweg/optim";
import {
  createRun,
  Evaluator,
  type FitResult,
  fit,
  type JsonObject,
  openRun,
  ParameterVector,
  readRun,
  runId,
  TrainingProgram,
} from "@thalweg/train";
import type { Task } from "../tasks/index.ts";

/** What the numbers of a run depend on. */
export interface TrialConfig extends JsonObject {
  kind: "compare";
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
  seed: number;
  /** Whether the test split is measured too: only in final runs. */
  test: boolean;
  engine: string;
}

/** Split and validation are the same for every seed, so that seeds differ in what training draws, and in nothing else. */
const SPLIT_SEED = 0;

/** Where a run of this configuration lies, below the comparison's folder. */
export const runFolder = (config: TrialConfig): string => join("runs", runId(config).slice(0, 16));

/**
 * Run a configuration to its end, or continue it where it was left. Raises RangeError for a configuration that cannot
 * work, RunFolderError when the folder cannot be written to.
 */
export async function runTrial(
  config: TrialConfig,
  task: Task,
  dataset: Dataset,
  folder: string,
  signal?: AbortSignal,
): Promise<FitResult> {
  const run =
    existsSync(folder) && readRun(folder) !== undefined ? openRun(folder) : createRun(folder, config);
  const rule = rules[config.rule]!;
  const model = task.model(dataset.train.shape, dataset.classes.length);
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(rule) });
  vector.initialize(model.module, config.seed);
  const optimizer = new Optimizer({
    backend: wasmBackend(vector.memory),
    segments: vector.segments,
    parameters: vector.parameters,
    gradients: vector.gradients,
    rule,
    hyper: config.hyper,
  });

  const { train, validation } = holdOut(dataset.train, { count: task.validation, seed: SPLIT_SEED });
  const { batchSize, seed, steps } = config;
  const batches = new Batches(dataset.train, { batchSize, normalization: dataset, indices: train, seed });
  const program = await TrainingProgram.create({ model, vector, batchSize, seed });
  const common = { model, vector, batchSize: task.evaluationBatch, normalization: dataset };
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
      schedules: { lr: parseSchedule(config.schedule, steps) },
      evaluateEvery: task.evaluateEvery,
      fill: (step, batch) => batches.fill(step, batch.x as Float32Array, batch.labels as Int32Array),
      evaluate: () => measure(evaluators),
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    await program.release();
    for (const evaluator of Object.values(evaluators)) await evaluator.release();
  }
}

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

/** What identifies a task: the data's hash, and the loss before training to six digits, which the model shows through. */
export async function taskFacts(
  task: Task,
  dataset: Dataset,
): Promise<{ initialLoss: string; parameters: number }> {
  const model = task.model(dataset.train.shape, dataset.classes.length);
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, SPLIT_SEED);
  const evaluator = await Evaluator.create({
    model,
    vector,
    batchSize: task.evaluationBatch,
    normalization: dataset,
    split: dataset.test,
  });
  const { loss } = await evaluator.run();
  await evaluator.release();
  return { initialLoss: loss!.toPrecision(6), parameters: vector.size };
}

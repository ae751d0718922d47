/**
 * A place in parameter space to be looked at: where a run stands by its folder, with its rule and optimizer's state, or where a task
 * starts.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Dataset, holdOut } from "@thalweg/data";
import { lookUp, type OptimizerState, parseSchedules, type Rule } from "@thalweg/optim";
import { followRun, loadCheckpoint, type Model, ParameterVector } from "@thalweg/train";
import { createOptimizer } from "../compare/learner.ts";
import { storedRequest } from "../compare/train.ts";
import type { TaskFile } from "../tasks/from-file.ts";
import { type Task, tasks } from "../tasks/index.ts";
import type { LoadedTask } from "../tasks/load.ts";

export interface Place {
  /** As pictures name it. */
  readonly name: string;
  readonly task: Task;
  readonly dataset: Dataset;
  readonly model: Model;
  readonly vector: ParameterVector;
  /** Of a run: what trains it, and how far it is. */
  readonly training?: {
    readonly rule: Rule;
    /** Of the last step: what was asked for, times its schedules. */
    readonly hyper: Readonly<Record<string, number>>;
    readonly step: number;
    readonly state: OptimizerState<Float32Array>["parameters"];
  };
}

/** Whether a word of the command line names a run's folder rather than a task. */
export const isRunFolder = (word: string): boolean => existsSync(join(word, "config.json"));

/** The task of a run. Raises RangeError when the folder holds none that can be continued. */
export function taskOfRun(folder: string): Task | TaskFile {
  const { task, file } = storedRequest(folder);
  return file ?? lookUp("task", tasks, task);
}

/** Where a run's last checkpoint is. Raises RangeError where there is none, or one of another model. */
export async function placeOfRun(folder: string, { task, dataset }: LoadedTask): Promise<Place> {
  const { rule, seed, schedule, steps } = storedRequest(folder);
  const { model, vector, optimizer, matrices } = createOptimizer({ task, dataset, rule, seed });
  try {
    const progress = loadCheckpoint(followRun(folder), vector, optimizer);
    if (progress === undefined) {
      throw new RangeError(`Cannot look at ${folder} as it must hold a checkpoint: there is none`);
    }
    const { step } = progress;
    const state = optimizer.state().parameters;
    if (optimizer.hasView) await optimizer.writeView(vector.parameters);
    const factors = parseSchedules(schedule, steps);
    const hyper = Object.fromEntries(
      Object.entries(rule.hyper).map(([name, value]) => [
        name,
        value * (factors[name]?.at(Math.max(0, step - 1)) ?? 1),
      ]),
    );
    return { name: folder, task, dataset, model, vector, training: { rule, hyper, step, state } };
  } finally {
    await matrices.release();
  }
}

/** Where a task starts with a seed; for a model from an ONNX file, its own parameters. */
export function placeOfTask({ task, dataset }: LoadedTask, seed: number): Place {
  const { train, classes } = dataset;
  const model = task.model(train.shape, classes.length);
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, seed);
  return { name: `${task.name} at the start`, task, dataset, model, vector };
}

/** The parts of a dataset that can be looked at. */
export const parts = ["train", "validation", "test"] as const;
export type Part = (typeof parts)[number];

/** The same for every run. */
const SPLIT_SEED = 0;

/** The split that a part belongs to, and which of its examples it is. */
export function examplesOf({ task, dataset }: Pick<Place, "task" | "dataset">, part: Part) {
  const normalization = dataset;
  if (part === "test") return { split: dataset.test, normalization, among: undefined };
  const { train, validation } = holdOut(dataset.train, { count: task.validation, seed: SPLIT_SEED });
  return { split: dataset.train, normalization, among: part === "train" ? train : validation };
}

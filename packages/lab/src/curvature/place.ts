/**
 * A place in parameter space to be looked at: a subject, as landscapes have it, with its parameters where derivatives read them; of a
 * run also the rule that trains it, and the optimizer's state.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { holdOut } from "@thalweg/data";
import { type OptimizerState, parseSchedules, type Rule } from "@thalweg/optim";
import { followRun, loadCheckpoint, ParameterVector } from "@thalweg/train";
import { createOptimizer } from "../compare/learner.ts";
import { storedRequest } from "../compare/train.ts";
import { loadSubject, type Subject, type SubjectOptions } from "../landscape/subject.ts";
import type { LoadedTask, LoadTaskOptions } from "../tasks/load.ts";

export interface Place {
  readonly subject: Subject;
  readonly vector: ParameterVector;
  readonly training?: Training;
}

/** Of a run: what trains it, and how far it is. */
export interface Training {
  readonly rule: Rule;
  /** Of the last step: what was asked for, times its schedules. */
  readonly hyper: Readonly<Record<string, number>>;
  readonly step: number;
  readonly state: OptimizerState<Float32Array>["parameters"];
}

/** Whether a word of the command line names a run's folder. */
export const isRunFolder = (word: string): boolean => existsSync(join(word, "config.json"));

/** The place that a word names. Raises what `loadSubject` raises. */
export async function loadPlace(
  word: string,
  options: SubjectOptions,
  load: LoadTaskOptions,
): Promise<Place> {
  const subject = await loadSubject(word, options, load);
  const { model, point, loaded } = subject;
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.parameters.set(point.parameters);
  vector.buffers.set(point.buffers);
  return { subject, vector, ...(isRunFolder(word) && { training: await trainingOf(word, loaded) }) };
}

async function trainingOf(folder: string, { task, dataset }: LoadedTask): Promise<Training> {
  const { rule, seed, schedule, steps } = storedRequest(folder);
  const { vector, optimizer, matrices } = createOptimizer({ task, dataset, rule, seed });
  const progress = loadCheckpoint(followRun(folder), vector, optimizer);
  await matrices.release();
  if (progress === undefined) {
    throw new RangeError(`Cannot look at ${folder} as it must hold a checkpoint: there is none`);
  }
  const { step } = progress;
  const factors = parseSchedules(schedule, steps);
  const hyper = Object.entries(rule.hyper).map(([name, value]) => [
    name,
    value * (factors[name]?.at(Math.max(0, step - 1)) ?? 1),
  ]);
  return { rule, hyper: Object.fromEntries(hyper), step, state: optimizer.state().parameters };
}

/** The parts of a dataset that can be looked at. */
export const parts = ["train", "validation", "test"] as const;
export type Part = (typeof parts)[number];

/** The same for every run. */
const SPLIT_SEED = 0;

/** The split that a part belongs to, and which of its examples it is. */
export function examplesOf({ task, dataset }: LoadedTask, part: Part) {
  const normalization = dataset;
  if (part === "test") return { split: dataset.test, normalization, among: undefined };
  const { train, validation } = holdOut(dataset.train, { count: task.validation, seed: SPLIT_SEED });
  return { split: dataset.train, normalization, among: part === "train" ? train : validation };
}

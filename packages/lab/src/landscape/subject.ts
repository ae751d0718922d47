/**
 * What a landscape, or anything else about the loss of one model, is of: a model with its parameters, and the data that it is measured
 * on. A word of the command line names it:
 *
 *   a run's folder          what the run has learnt
 *   a task, a file          the model as it starts: from the seed, or with the values of an ONNX file
 *   weights.safetensors     a checkpoint, of the task or file that is given beside it
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Dataset } from "@thalweg/data";
import { layoutOf, type ModelPoint, type ParameterLayout } from "@thalweg/landscape";
import { lookUp } from "@thalweg/optim";
import {
  type Model,
  openTrajectory,
  ParameterVector,
  parseSafetensors,
  type StoredTensor,
  segmentOf,
  type Trajectory,
} from "@thalweg/train";
import { askedTask, loadAsked, type TaskOptions } from "../cli/task-options.ts";
import { leavesOutBiases } from "../compare/learner.ts";
import { planRun, storedRequest } from "../compare/train.ts";
import { trainedTensors } from "../compare/trained.ts";
import { TRAJECTORY } from "../compare/trial.ts";
import type { TaskFile } from "../tasks/from-file.ts";
import { tasks } from "../tasks/index.ts";
import type { LoadedTask, LoadTaskOptions } from "../tasks/load.ts";

export interface Subject {
  readonly name: string;
  readonly loaded: LoadedTask;
  readonly model: Model;
  readonly layout: ParameterLayout;
  readonly point: ModelPoint & { readonly buffers: Float32Array };
  /** Of a run: where it went, if that was recorded. */
  readonly course?: Trajectory;
  /** Of a checkpoint: the optimizer's state by slot, each as long as the parameters, zero where a tensor has none. */
  readonly state?: ReadonlyMap<string, Float32Array>;
  /** What makes the model again, in another thread. */
  readonly maker: ModelMaker;
}

export interface ModelMaker {
  readonly task: string | TaskFile;
  readonly bias: boolean;
}

export interface SubjectOptions extends TaskOptions {
  /** Draws the starting values of a model that is not trained; 1 by default. */
  readonly seed?: number;
  /** The task or file that weights belong to. */
  readonly task?: string;
}

const isRun = (word: string): boolean => existsSync(join(word, "config.json"));
const isWeights = (word: string): boolean => word.endsWith(".safetensors") && existsSync(word);

/** Load it. Raises UsageError, RangeError and what loading data raises. */
export async function loadSubject(
  word: string,
  options: SubjectOptions,
  load: LoadTaskOptions,
): Promise<Subject> {
  if (isRun(word)) return runSubject(word, load);
  if (existsSync(word) && statSync(word).isDirectory()) {
    throw new RangeError(`Cannot read ${word} as a run as it must have a config.json: there is none`);
  }
  if (!isWeights(word)) {
    const loaded = await loadAsked(askedTask(word, options), load);
    return subjectOf(basename(word), loaded, { bias: true, seed: options.seed ?? 1 });
  }
  if (options.task === undefined) {
    throw new RangeError(
      `Cannot read ${word} as weights alone are no model: give its task or file with --task`,
    );
  }
  const loaded = await loadAsked(askedTask(options.task, options), load);
  const subject = subjectOf(basename(word), loaded, { bias: true, seed: 1 });
  const { tensors } = parseSafetensors(readFileSync(word), word);
  return { ...withTensors(subject, tensors, word), state: stateIn(subject, tensors) };
}

async function runSubject(folder: string, load: LoadTaskOptions): Promise<Subject> {
  const { task, file, ...request } = storedRequest(folder);
  const loaded = await loadAsked(file ?? lookUp("task", tasks, task), { ...load, fallBack: false });
  const config = await planRun(loaded, request);
  const bias = !leavesOutBiases(request.rule);
  const tensors = await trainedTensors(config, loaded, folder);
  const stored = [...tensors].map(([name, data]) => [name, { shape: [data.length], data }] as const);
  const subject = subjectOf(basename(folder), loaded, { bias, seed: 1 });
  const course = join(folder, TRAJECTORY);
  const checkpoint = join(folder, "checkpoint.safetensors");
  return {
    ...withTensors(subject, new Map(stored), folder),
    state: stateIn(subject, parseSafetensors(readFileSync(checkpoint), checkpoint).tensors),
    ...(existsSync(course) && { course: openTrajectory(course) }),
  };
}

function subjectOf(
  name: string,
  loaded: LoadedTask,
  { bias, seed }: { bias: boolean; seed: number },
): Subject {
  const maker = { task: loaded.task.file ?? loaded.task.name, bias };
  const model = modelOf(loaded, maker);
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, seed);
  const { onlyBatch } = model as { onlyBatch?: number };
  return {
    name,
    loaded,
    model,
    layout: layoutOf(model, onlyBatch),
    point: { name, parameters: vector.parameters.slice(), buffers: vector.buffers.slice() },
    maker,
  };
}

/** The model of a task with its data. */
export const modelOf = (
  { task, dataset }: { task: LoadedTask["task"]; dataset: Dataset },
  { bias }: ModelMaker,
): Model => task.model(dataset.train.shape, dataset.classes.length, { bias });

/** The subject with other values, by the tensors' names. Raises RangeError naming the tensor that is missing, or of another size. */
function withTensors(subject: Subject, tensors: ReadonlyMap<string, StoredTensor>, file: string): Subject {
  const { layout, point } = subject;
  const read = (segments: ParameterLayout["bufferSegments"], into: Float32Array) => {
    for (const segment of segments) {
      const data = tensors.get(segment.name)?.data;
      if (data instanceof Float32Array && data.length === segment.size) {
        segmentOf(into, segment).set(data);
        continue;
      }
      const found =
        data === undefined
          ? `it has ${[...tensors.keys()].slice(0, 8).join(", ")}`
          : `it has a ${data.constructor.name} of ${data.length}`;
      throw new RangeError(
        `Cannot take the parameters of ${file} as it must have ${segment.size} float32 values named ${segment.name}: ${found}; is it of another model?`,
      );
    }
    return into;
  };
  return {
    ...subject,
    point: {
      name: point.name,
      parameters: read(layout.segments, point.parameters.slice()),
      buffers: read(layout.bufferSegments, point.buffers.slice()),
    },
  };
}

/** Slots of the optimizer's state, from tensors that checkpoints call `optimizer/<parameter>/<slot>`; those of other lengths are left out. */
function stateIn(
  { layout }: Subject,
  tensors: ReadonlyMap<string, StoredTensor>,
): ReadonlyMap<string, Float32Array> {
  const state = new Map<string, Float32Array>();
  for (const segment of layout.segments) {
    const prefix = `optimizer/${segment.name}/`;
    for (const [name, { data }] of tensors) {
      if (!name.startsWith(prefix) || !(data instanceof Float32Array) || data.length !== segment.size)
        continue;
      const slot = name.slice(prefix.length);
      const values = state.get(slot) ?? new Float32Array(layout.size);
      segmentOf(values, segment).set(data);
      state.set(slot, values);
    }
  }
  return state;
}

/** The first digits of the sha256 of some numbers: what a picture names its model by. */
export const fingerprintOf = (...vectors: readonly (Float32Array | Uint32Array)[]): string => {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of vectors)
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
};

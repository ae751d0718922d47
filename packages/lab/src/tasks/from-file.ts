/**
 * Tasks from a user's files: an ONNX model that someone exported, a TypeScript module that builds one, or a few lines of YAML about
 * either. What a worker thread or a run's folder needs in order to make the task again is plain data, a `TaskFile`; a file that has changed since is refused.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import type { Dataset } from "@thalweg/data";
import type { JsonObject } from "@thalweg/train";
import { z } from "zod";
import { moduleTask } from "./module-task.ts";
import { onnxTask } from "./onnx-task.ts";
import { accuracy, loss, type Task } from "./task.ts";
import { isModelFile, readTaskYaml, yamlTask } from "./yaml-task.ts";

/** What makes a task from a file; it stands in the run's config.json. */
export const taskFileSchema = z.object({
  /** Absolute. */
  path: z.string(),
  sha256: z.string(),
  /** A dataset of @thalweg/data, or an NPZ file. */
  data: z.string(),
  /** A name of `outputLosses`, for ONNX files; chosen by the labels where it is left out. */
  loss: z.string().optional(),
  /** Outputs that the loss is of, with their weights. */
  outputs: z.record(z.string(), z.number()).optional(),
  /** Patterns of parameters that are not trained. */
  freeze: z.array(z.string()).optional(),
  /** How normalisation and dropout act while training, where not as the file says. */
  mode: z.enum(["training", "inference"]).optional(),
});
export type TaskFile = z.infer<typeof taskFileSchema>;

/** The rest of a task, where its file does not say: a few minutes at most on small networks. */
const PROTOCOL = { batchSize: 32, steps: 300, evaluateEvery: 50, evaluationBatch: 100 };
/** Share of the training split that is held out. */
const VALIDATION_SHARE = 1 / 10;

/** What reads a kind of file, by its extension: a task whose missing parts come from the protocol. */
const READERS: Readonly<
  Record<string, (file: TaskFile, dataset: Dataset) => PartialTask | Promise<PartialTask>>
> = {
  ".onnx": onnxTask,
  ".ts": moduleTask,
  ".mts": moduleTask,
  ".js": moduleTask,
  ".mjs": moduleTask,
  ".yaml": (file, dataset) => yamlTask(file, dataset, readModel),
  ".yml": (file, dataset) => yamlTask(file, dataset, readModel),
};
const readModel = (file: TaskFile, dataset: Dataset) => READERS[extname(file.path)]!(file, dataset);
const isYaml = (path: string) => /\.ya?ml$/.test(path);

/** At least a model, and what it is. */
export type PartialTask = Pick<Task, "model" | "architecture"> & Partial<Task>;

/** Whether a word of the command line names a file rather than a built-in task. */
export const isTaskFile = (word: string): boolean => Object.hasOwn(READERS, extname(word));

/** What is chosen about a file; one that says itself what it trains on needs no data. */
export type TaskFileOptions = Omit<TaskFile, "path" | "sha256" | "data"> & { data?: string };

/** A task's file as it is now. Raises Node's errors where it cannot be read, RangeError where nothing says what it trains on. */
export function describeTaskFile(path: string, options: TaskFileOptions): TaskFile {
  const asked = options.data?.endsWith(".npz") ? resolve(options.data) : options.data;
  const data = asked ?? (isYaml(path) ? readTaskYaml(path).data : undefined);
  if (data !== undefined) return { ...options, data, path: resolve(path), sha256: hashOf(path) };
  throw new RangeError(
    `Cannot train ${path} as it must be said what it trains on: give data, a dataset or an NPZ file`,
  );
}

/**
 * Make the task. Raises RangeError where the file has changed, is no task, or does not fit the data; OnnxError for a model that
 * is broken.
 */
export async function taskFromFile(file: TaskFile, dataset: Dataset): Promise<Task> {
  if (hashOf(file.path) !== file.sha256) {
    throw new RangeError(
      `Cannot go on with ${file.path} as it must be the file that the run began with: it has changed; put it back, or begin another run`,
    );
  }
  const { train } = dataset;
  const held = Math.max(1, Math.round(train.count * VALIDATION_SHARE));
  return {
    name: basename(file.path, extname(file.path)),
    description: `${file.path} on ${dataset.name}`,
    dataset: file.data,
    ...PROTOCOL,
    validation: dataset.validation ? 0 : held,
    batchSize: Math.min(PROTOCOL.batchSize, train.count - held),
    metric: dataset.classes.length > 0 ? accuracy(0.9) : loss("loss"),
    ...(await READERS[extname(file.path)]!(file, dataset)),
    file: file satisfies JsonObject,
  };
}

/** Of the file, and of the model's file that it names. */
function hashOf(path: string): string {
  const hash = createHash("sha256").update(readFileSync(path));
  const model = modelPath(path);
  if (model !== path && isModelFile(model)) hash.update(readFileSync(model));
  return hash.digest("hex");
}

/** The model's file, or its name in the zoo, that a task's file names; the file itself where it is the model's. */
export const modelPath = (path: string): string => (isYaml(path) ? readTaskYaml(path).model : path);

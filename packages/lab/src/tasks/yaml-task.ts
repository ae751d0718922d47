/**
 * A task in a few lines of YAML: a model, data, and whatever of the protocol is not as usual.
 *
 *   model: model.onnx            # or model.ts, or a network of the zoo, such as resnet20
 *   data: photos.npz             # or a dataset, such as cifar10
 *   batchSize: 64
 *   steps: 2000
 *   metric: accuracy             # or loss, or { measure: testLoss, better: lower, unit: nat, floor: 0 }
 *
 * Paths are relative to the file. JSON is read by the same parser, since it is YAML.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { type Dataset, imageSize } from "@thalweg/data";
import { nearest } from "@thalweg/formula";
import { type Module, zoo } from "@thalweg/nn";
import { CHECKPOINTS, supervised } from "@thalweg/train";
import { z } from "zod";
import {
  keyPlace,
  lower,
  type Place,
  parseYaml,
  placeOf,
  plainData,
  type YamlSource,
} from "../yaml-source.ts";
import { exampleForm } from "./example-form.ts";
import type { PartialTask, TaskFile } from "./from-file.ts";
import { penalized } from "./penalty.ts";
import { accuracy, loss, type Task } from "./task.ts";

const count = (least: number) => z.int().min(least);

const metricSchema = z.strictObject({
  measure: z.string(),
  better: z.enum(["lower", "higher"]),
  unit: z.string().default(""),
  floor: z.number().optional(),
  target: z.number().optional(),
});

const schema = z.strictObject({
  name: z.string().min(1).optional(),
  description: z.string().optional(),
  model: z.string().min(1),
  data: z.string().min(1),
  batchSize: count(1).optional(),
  steps: count(1).optional(),
  /** Evaluations after the first, at equal distances. */
  evaluations: count(1).optional(),
  evaluateEvery: count(1).optional(),
  evaluationBatch: count(1).optional(),
  validation: count(0).optional(),
  order: z.enum(["reshuffled", "fixed"]).optional(),
  metric: z.union([z.enum(["accuracy", "loss"]), metricSchema]).optional(),
  /** λ of λ/2 Σ‖W‖² in the loss. */
  penalty: z.number().min(0).optional(),
  checkpoint: z.enum(CHECKPOINTS).optional(),
  // for ONNX files, as the options of the command line
  loss: z.string().optional(),
  outputs: z.record(z.string(), z.number()).optional(),
  freeze: z.array(z.string()).optional(),
  mode: z.enum(["training", "inference"]).optional(),
});
type Written = z.infer<typeof schema>;
const FIELDS = Object.keys(schema.shape);

/** A file that describes no task; the message begins with file, line and column. */
export class TaskFileError extends SyntaxError {
  override readonly name = "TaskFileError";

  constructor(path: string, { line, column }: Place, reason: string, options?: ErrorOptions) {
    super(`Cannot read ${path}:${line}:${column}: ${reason}`, options);
  }
}

/** What the file says, with its paths made absolute. Raises TaskFileError; Node's own error when there is no such file. */
export function readTaskYaml(path: string): Written {
  const { source, mistake } = parseYaml(readFileSync(path, "utf8").replace(/^\uFEFF/, ""), path);
  if (mistake !== undefined) throw new TaskFileError(path, mistake.place, mistake.reason);
  const parsed = schema.safeParse(plain(source));
  if (!parsed.success) throw formError(source, parsed.error.issues[0]!);
  const { model, data } = parsed.data;
  const beside = (file: string) => resolve(dirname(path), file);
  return {
    ...parsed.data,
    model: isModelFile(model) ? beside(model) : model,
    data: data.endsWith(".npz") ? beside(data) : data,
  };
}

export const isModelFile = (model: string): boolean => /\.(onnx|m?[tj]s)$/.test(model);

/** `readModel` makes a task of the model's file. Raises TaskFileError, and RangeError where model and data do not fit. */
export async function yamlTask(
  file: TaskFile,
  dataset: Dataset,
  readModel: (file: TaskFile, dataset: Dataset) => PartialTask | Promise<PartialTask>,
): Promise<PartialTask> {
  const {
    model,
    data: _,
    metric,
    penalty = 0,
    evaluations,
    loss: lossName,
    outputs,
    freeze,
    mode,
    ...own
  } = readTaskYaml(file.path);
  const onnx = dropUndefined({ loss: lossName, outputs, freeze, mode });
  const made = isModelFile(model)
    ? await readModel({ ...file, ...onnx, path: model }, dataset)
    : zooTask(model, dataset);
  const { steps = made.steps } = own;
  const build: Task["model"] =
    penalty === 0 ? made.model : (...given) => penalized(made.model(...given), penalty);
  return {
    ...made,
    name: basename(file.path, extname(file.path)),
    ...dropUndefined(own),
    ...(evaluations !== undefined &&
      steps !== undefined && { evaluateEvery: Math.ceil(steps / evaluations) }),
    ...(metric !== undefined && { metric: metricOf(metric) }),
    model: build,
  };
}

function metricOf(written: NonNullable<Written["metric"]>): Task["metric"] {
  if (written === "accuracy") return accuracy();
  if (written === "loss") return loss("loss");
  return dropUndefined(written) as Task["metric"];
}

/** A network of the zoo on data of its form. Raises RangeError for a name that none has, or data of another form. */
function zooTask(name: string, dataset: Dataset): PartialTask {
  const refuse = (reason: string) => new RangeError(`Cannot train ${name} on ${dataset.name} as ${reason}`);
  if (!Object.hasOwn(zoo, name)) {
    const close = nearest(name, Object.keys(zoo));
    throw refuse(
      `it must be a file that ends in .onnx or .ts, or a network of the zoo, one of ${Object.keys(zoo).join(", ")}${close === undefined ? "" : `; did you mean "${close}"?`}`,
    );
  }
  const { description, input, build } = zoo[name as keyof typeof zoo];
  const size = input.shape.reduce((product, extent) => product * extent, 1);
  if (imageSize(dataset.train) !== size) {
    throw refuse(`it takes examples of shape [${input.shape}]: these have [${dataset.train.shape}]`);
  }
  // an autoencoder gives more than one tensor, and is told when it is traced
  const model = () => supervised(build() as Module, exampleForm(dataset));
  return { model, architecture: description };
}

/** The document as plain data. An alias without an anchor is found only here. */
function plain(source: YamlSource): unknown {
  try {
    return plainData(source);
  } catch (error) {
    throw new TaskFileError(source.path, { line: 1, column: 1 }, lower((error as Error).message), {
      cause: error,
    });
  }
}

/** The first thing that is not of the form, at the place where it stands. */
function formError(source: YamlSource, issue: z.core.$ZodIssue): TaskFileError {
  const { path } = source;
  if (issue.code === "unrecognized_keys") {
    const [key] = issue.keys as [string];
    const known = issue.path.length === 0 ? FIELDS : [];
    const close = nearest(key, known);
    const fields = known.length === 0 ? "" : `: a task has ${known.join(", ")}`;
    const hint = close === undefined ? "" : `; did you mean "${close}"?`;
    return new TaskFileError(
      path,
      keyPlace(source, [...issue.path, key]),
      `there is no field "${key}"${fields}${hint}`,
    );
  }
  const field = issue.path.join(".");
  const missing = issue.path.length > 0 && !source.document.hasIn(issue.path);
  const what = missing
    ? `${field} is missing`
    : field === ""
      ? `a task must be a map with at least model and data: ${lower(issue.message)}`
      : `${field}: ${lower(issue.message)}`;
  return new TaskFileError(path, placeOf(source, issue.path), what);
}

const dropUndefined = <T extends object>(options: T) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

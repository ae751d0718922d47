/**
 * The task of a command: a built-in one by its name, or a file of the user's with the options that only files take. The commands that
 * train something have these in common.
 */
import { catalogue } from "@thalweg/data";
import { lookUp } from "@thalweg/optim";
import type { Command } from "commander";
import { describeTaskFile, isTaskFile, type TaskFile } from "../tasks/from-file.ts";
import { type Task, tasks } from "../tasks/index.ts";
import { type LoadedTask, type LoadTaskOptions, loadTask, loadTaskFile } from "../tasks/load.ts";
import { oneOf, repeated, required, weighted } from "./arguments.ts";
import { fromUserLater, UsageError } from "./errors.ts";
import { readingFrom, readWith } from "./files.ts";

export interface TaskOptions {
  data?: string;
  loss?: string;
  output?: Record<string, number>;
  freeze?: string[];
  mode?: "training" | "inference";
}

export const TASK_ARGUMENT = "one of thalweg tasks; or a file, model.onnx, model.ts or task.yaml";

/** Add the options of tasks from files, after those of the command itself. */
export function defineTaskOptions(command: Command): void {
  command
    .option(
      "--data <name>",
      "what a model from a file trains on: a dataset of thalweg data list, or an NPZ file with x and y",
    )
    .option("--loss <name>", "of an ONNX file's output (default: by the labels); see thalweg gradient --help")
    .option(
      "--output <name[=weight]>",
      "the output that the loss is of; repeat for several",
      weighted("--output"),
    )
    .option("--freeze <pattern>", "do not train these initializers; * is any text; repeat for more", repeated)
    .option(
      "--mode <mode>",
      "how an ONNX file's normalisation and dropout act while it trains (default: as the file says)",
      oneOf("--mode", "training", "inference"),
    );
}

/** The options again as they were given, name and value. */
export const givenTaskOptions = ({ data, loss, output = {}, freeze = [], mode }: TaskOptions) =>
  [
    ["--data", data],
    ["--loss", loss],
    ...Object.entries(output).map(
      ([name, weight]) => ["--output", weight === 1 ? name : `${name}=${weight}`] as const,
    ),
    ...freeze.map((pattern) => ["--freeze", pattern] as const),
    ["--mode", mode],
  ].filter((pair): pair is [string, string] => pair[1] !== undefined);

/** The task that a word means. Raises RangeError or UsageError where it means none. */
export function askedTask(word: string | undefined, options: TaskOptions): Task | TaskFile {
  const name = required("a task", word, [
    ...Object.keys(tasks),
    "an ONNX file",
    "a TypeScript file",
    "a YAML file",
  ]);
  return isTaskFile(name) ? fromFile(name, options) : builtIn(name, options);
}

/** The task with its data. What the user's file or data do wrong is a UsageError. */
export const loadAsked = (source: Task | TaskFile, options: LoadTaskOptions): Promise<LoadedTask> =>
  "path" in source
    ? fromUserLater(() => readWith(source.path, () => loadTaskFile(source, options)))
    : loadTask(source, options);

const KEYS = ["data", "loss", "output", "freeze", "mode"] as const;
const listed = (keys: readonly string[]) => keys.map((key) => `--${key}`).join(", ");

function builtIn(name: string, options: TaskOptions): Task {
  const given = KEYS.filter((key) => options[key] !== undefined);
  const task = lookUp("task", tasks, name);
  if (given.length === 0) return task;
  throw new UsageError(
    `Cannot train ${name} with ${listed(given)} as a built-in task has its own: give a file, or leave them out`,
  );
}

function fromFile(path: string, { data, loss, output, freeze, mode }: TaskOptions): TaskFile {
  const saysItself = /\.ya?ml$/.test(path);
  const chosen = saysItself ? data : required("--data", data, [...Object.keys(catalogue), "an NPZ file"]);
  const others = KEYS.filter((key) => key !== "data" && { loss, output, freeze, mode }[key] !== undefined);
  if (!path.endsWith(".onnx") && others.length > 0) {
    throw new UsageError(
      `Cannot train ${path} with ${listed(others)} as they are for ONNX files: say it in the ${saysItself ? "file" : "module"}`,
    );
  }
  return readingFrom(path, () =>
    describeTaskFile(path, {
      ...(chosen !== undefined && { data: chosen }),
      ...(loss !== undefined && { loss }),
      ...(output !== undefined && { outputs: output }),
      ...(freeze !== undefined && { freeze }),
      ...(mode !== undefined && { mode }),
    }),
  );
}

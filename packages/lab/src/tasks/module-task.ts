/**
 * A TypeScript module as a task. Its default export is one of
 *
 *   a module of @thalweg/nn                      sequential(flatten(), linear(64, 10)): learns the labels, see `supervised`
 *   a function (shape, classes, options) =>      a module, or a model of @thalweg/train with a loss of its own
 *   an object with such a function as `model`    and whatever else of a Task it wants to say: steps, batchSize …
 *
 * The module runs in the thread that trains it, so it may import what it likes.
 */
import type { Dataset } from "@thalweg/data";
import { type Module, tracing } from "@thalweg/nn";
import { type Model, supervised } from "@thalweg/train";
import { exampleForm } from "./example-form.ts";
import type { PartialTask, TaskFile } from "./from-file.ts";
import { importModule } from "./import-module.ts";
import type { ModelOptions, Task } from "./task.ts";

/** What such a file exports by default. */
export type TaskModule =
  | Module
  | ModelBuilder
  | (Partial<Omit<Task, "model" | "dataset" | "fallback" | "file">> & {
      readonly model: Module | ModelBuilder;
    });

/** The model for examples of a shape, and so many classes. */
export type ModelBuilder = (
  shape: readonly number[],
  classes: number,
  options?: ModelOptions,
) => Module | Model;

/** Raises RangeError where the module fails to load, exports something else, or builds what does not fit the data. */
export async function moduleTask({ path }: TaskFile, dataset: Dataset): Promise<PartialTask> {
  const { default: exported } = await attempt(path, "it must load", () => importModule(path));
  if (!isTask(exported)) {
    throw refusal(
      path,
      "its default export must be a module of @thalweg/nn, a function (shape, classes) => module, or an object with such a model",
      `found ${exported === undefined ? "none" : typeof exported}`,
    );
  }
  const { model: source, ...others } =
    typeof exported === "object" && "model" in exported ? exported : { model: exported };
  const build = typeof source === "function" ? source : () => source;
  const model: Task["model"] = (shape, classes, options) => {
    const built = build(shape, classes, options);
    return "measure" in built ? built : supervised(built, exampleForm(dataset));
  };
  const { train, classes } = dataset;
  await attempt(path, "its model must be one for these data", () =>
    tryOut(model(train.shape, classes.length)),
  );
  return { architecture: path, ...others, model };
}

/** Trace the model once for a batch of two, so that what cannot work is said before anything runs. */
function tryOut({ module, inputs, measure }: Model): void {
  const context = tracing(module, { training: true });
  const specs = Object.entries(inputs(2));
  const batch = specs.map(
    ([name, { shape, dtype }]) => [name, context.graph.input(name, shape, dtype)] as const,
  );
  measure(context, Object.fromEntries(batch));
}

const isTask = (value: unknown): value is TaskModule =>
  isModel(value) || (typeof value === "object" && value !== null && "model" in value && isModel(value.model));

const isModel = (value: unknown): value is Module | ModelBuilder =>
  typeof value === "function" || (typeof value === "object" && value !== null && "forward" in value);

/** Whatever goes wrong in a user's file is told with its path, not as a bug of ours. */
async function attempt<T>(path: string, requirement: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw refusal(path, requirement, error instanceof Error ? error.message : String(error), error);
  }
}

const refusal = (path: string, requirement: string, found: string, cause?: unknown) =>
  new RangeError(`Cannot train ${path} as ${requirement}: ${found}`, cause === undefined ? {} : { cause });

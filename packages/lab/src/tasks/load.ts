/** From a task, or a file that makes one, to its data. */
import { cacheFolder, type Dataset, DatasetUnavailable, loadDataset } from "@thalweg/data";
import { type TaskFile, taskFromFile } from "./from-file.ts";
import { tasks } from "./index.ts";
import type { Task } from "./task.ts";

export interface LoadedTask {
  task: Task;
  /** With its bytes in shared memory, for worker threads. */
  dataset: Dataset;
}

export interface LoadTaskOptions {
  /** Told of fetching, and of falling back. */
  say(line: string): void;
  /** THALWEG_CACHE chooses where datasets are kept. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Whether the task's fallback may stand in for it. */
  fallBack?: boolean;
}

/** Load a task's dataset. Where no verified copy can be had, say so and load the fallback; raises DatasetUnavailable. */
export async function loadTask(task: Task, options: LoadTaskOptions): Promise<LoadedTask> {
  const { say, fallBack = true } = options;
  try {
    return { task, dataset: await load(task.dataset, options) };
  } catch (error) {
    const fallback = fallBack && task.fallback !== undefined ? tasks[task.fallback] : undefined;
    if (!(error instanceof DatasetUnavailable) || fallback === undefined) throw error;
    say(error.message);
    say(`Using ${fallback.name} instead: ${fallback.description}`);
    return loadTask(fallback, options);
  }
}

/** The task that a file makes, with its data. Raises what `taskFromFile` and `loadDataset` raise. */
export async function loadTaskFile(file: TaskFile, options: LoadTaskOptions): Promise<LoadedTask> {
  const dataset = await load(file.data, options);
  return { task: await taskFromFile(file, dataset), dataset };
}

const load = (name: string, { say, env = process.env }: LoadTaskOptions): Promise<Dataset> =>
  loadDataset(name, { shared: true, cache: cacheFolder({ ...env }), onEvent: say });

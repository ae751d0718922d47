/** From a task to its data. */
import { cacheFolder, type Dataset, DatasetUnavailable, loadDataset } from "@thalweg/data";
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
  const { say, env = process.env, fallBack = true } = options;
  try {
    const cache = cacheFolder({ ...env });
    return { task, dataset: await loadDataset(task.dataset, { shared: true, cache, onEvent: say }) };
  } catch (error) {
    const fallback = fallBack && task.fallback !== undefined ? tasks[task.fallback] : undefined;
    if (!(error instanceof DatasetUnavailable) || fallback === undefined) throw error;
    say(error.message);
    say(`Using ${fallback.name} instead: ${fallback.description}`);
    return loadTask(fallback, options);
  }
}

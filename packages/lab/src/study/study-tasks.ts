/** The tasks of a study where it runs: loaded when a trial needs them, and held to the plan. */

import { taskFacts } from "../compare/task-facts.ts";
import { tasks } from "../tasks/index.ts";
import type { LoadedTask, LoadTaskOptions } from "../tasks/load.ts";
import { loadTask, loadTaskFile } from "../tasks/load.ts";
import { StudyError } from "./error.ts";
import type { Plan } from "./plan-file.ts";

export interface KnownTask extends LoadedTask {
  /** Measured here. */
  fingerprint: string;
}

export class StudyTasks {
  private readonly plan: Pick<Plan, "tasks">;
  private readonly options: Omit<LoadTaskOptions, "fallBack">;
  private readonly known = new Map<string, Promise<KnownTask>>();

  constructor(plan: Pick<Plan, "tasks">, options: Omit<LoadTaskOptions, "fallBack">) {
    this.plan = plan;
    this.options = options;
  }

  /** Raises StudyError where data or model are others than those of the plan; DatasetUnavailable. */
  get(name: string): Promise<KnownTask> {
    const known = this.known.get(name) ?? this.load(name);
    this.known.set(name, known);
    return known;
  }

  private async load(name: string): Promise<KnownTask> {
    const { file, fingerprint: planned } = this.plan.tasks.find((task) => task.name === name)!;
    const loaded =
      file === undefined
        ? await loadTask(tasks[name]!, { ...this.options, fallBack: false })
        : await loadTaskFile(file, this.options);
    const { fingerprint } = await taskFacts(loaded.task, loaded.dataset);
    if (fingerprint === planned) return { ...loaded, fingerprint };
    throw new StudyError(
      `Cannot work on ${name} as it must be the task that was planned, fingerprint ${planned}: here it is ${fingerprint}, so its data, its model or this machine's arithmetic differ; work where they do not, or begin another study`,
    );
  }
}

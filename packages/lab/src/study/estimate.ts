/**
 * What a study will cost on this machine, measured: for each task, the beginning of a run with the study's first rule, once to one evaluation and once
 * to two. The difference is what each further part of a run takes; other rules may take more or less.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTrial } from "../compare/trial.ts";
import type { PreparedStudy } from "./prepare.ts";
import { configOf } from "./worker.ts";

export interface TaskCost {
  task: string;
  trials: number;
  /** Of one trial on one core, with everything that belongs to it. */
  secondsPerTrial: number;
}

export interface StudyCost {
  tasks: TaskCost[];
  /** Of all trials, one after the other. */
  seconds: number;
}

export async function estimateCost({ facts, trials, loaded }: PreparedStudy): Promise<StudyCost> {
  const tasks: TaskCost[] = [];
  for (const { task, dataset } of loaded) {
    const own = trials.filter((trial) => trial.task === task.name);
    const { fingerprint } = facts.tasks.find(({ name }) => name === task.name)!;
    const rule = facts.rules[0]!;
    const known = { task, dataset, fingerprint };
    const part = Math.min(task.evaluateEvery, own[0]!.steps);
    const take = (steps: number) => timed({ ...own[0]!, steps });
    const timed = async (trial: (typeof own)[number]): Promise<number> => {
      const folder = mkdtempSync(join(tmpdir(), "thalweg-cost-"));
      try {
        const config = configOf(trial, {}, known, rule, facts);
        const begun = performance.now();
        await runTrial(config, { task, dataset, folder: join(folder, "run") });
        return (performance.now() - begun) / 1e3;
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    };
    await take(part); // compiles what the later ones find compiled
    const one = await take(part);
    const two = await take(2 * part);
    const cost = (steps: number) => one + Math.max(0, two - one) * (steps / part - 1);
    const seconds = own.reduce((sum, { steps }) => sum + cost(steps), 0);
    tasks.push({ task: task.name, trials: own.length, secondsPerTrial: seconds / own.length });
  }
  return {
    tasks,
    seconds: tasks.reduce((sum, { trials: count, secondsPerTrial }) => sum + count * secondsPerTrial, 0),
  };
}

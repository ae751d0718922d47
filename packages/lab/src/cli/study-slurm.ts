/**
 * `thalweg study run FILE --on slurm`: the study's workers as an array of SLURM's, instead of processes here. It returns as soon as they are
 * queued; `thalweg study status` says how they get on, from the study's files and, where SLURM answers, from its queue.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { prepareSlurm, submit } from "../study/launch/slurm.ts";
import type { QueuedTask } from "../study/launch/slurm-queue.ts";
import { scriptFile } from "../study/launch/slurm-script.ts";
import type { Plan } from "../study/plan-file.ts";
import type { Io } from "./io.ts";
import { queueLines } from "./study-queue.ts";
import { DEFAULT_MINUTES, type SlurmFlags } from "./study-slurm-options.ts";

const PROGRAM = [process.execPath, fileURLToPath(new URL("../../bin/thalweg.mjs", import.meta.url))];

/** What was done, for `--json`. */
export interface SlurmAnswer {
  folder: string;
  script: string;
  /** Of the array that was queued; null where nothing was. */
  array: number | null;
  /** Of earlier arrays that still wait or run. */
  tasks: readonly QueuedTask[];
  left: number;
}

/** Queue the workers of a study whose plan lies in the folder; with `dryRun` only say what would be queued. */
export async function runOnSlurm(
  plan: Pick<Plan, "name" | "trials" | "spec">,
  folder: string,
  flags: SlurmFlags & { dryRun?: boolean },
  io: Io,
): Promise<SlurmAnswer> {
  const { partition, time = DEFAULT_MINUTES, parallel, chunks, sbatch = [], dryRun } = flags;
  const prepared = await prepareSlurm(plan, {
    ...{ folder: resolve(folder), program: PROGRAM, minutes: time, options: sbatch },
    ...(partition === undefined ? {} : { partition }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(chunks === undefined ? {} : { chunks }),
  });
  const { script, left, request } = prepared;
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const answer = { folder, script, left, array: null, tasks: [] };
  if (left === 0) {
    say(`Nothing to submit: all ${plan.trials.length} trials of ${folder} have ended`);
    return answer;
  }
  if (chunks !== undefined && request.chunks < chunks) {
    say(`SLURM lets an array have ${request.chunks} tasks: so many workers, instead of ${chunks}`);
  }
  if (dryRun) return answer;
  const { array, tasks } = await submit(prepared);
  if (array === undefined) {
    say(
      `Nothing was submitted, as workers of ${folder} are in SLURM's queue already:\n${queueLines(tasks).join("\n")}`,
    );
    return { ...answer, tasks };
  }
  say(
    `Queued ${request.chunks} workers as job ${array}, by ${scriptFile(folder)}; ${left} trials are left.\n` +
      `  thalweg study status ${folder}      how they get on\n` +
      `  scancel ${array}      stops them; what is done is kept, and the same command goes on`,
  );
  return { ...answer, array };
}

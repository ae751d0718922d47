/**
 * What a task of the array does: it keeps one worker at work, starts it again where a trial takes its process along, and comes back when its
 * time is up.
 *
 *   time is up    SLURM's warning (SIGUSR1), or its clock: a checkpoint, and the task is queued again
 *   sent away     preempted or cancelled (SIGTERM): a checkpoint; SLURM queues the task again where it means to
 *   taken over    SLURM lost sight of this machine and started the task elsewhere, while this one runs on: it leaves, and writes nothing more
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "@thalweg/train/files";
import { type LaunchEnd, launchLocal } from "./local.ts";
import { MOST_RESTARTS, requeue, type SlurmJob, secondsLeft } from "./slurm-job.ts";
import { slurmFolder } from "./slurm-script.ts";

export interface SlurmWork {
  folder: string;
  job: SlurmJob;
  chunk?: { index: number; count: number };
  env: Readonly<Record<string, string | undefined>>;
  /** Ends the work, whoever asks. */
  signal: AbortSignal;
  /** Aborted once SLURM has warned that time is nearly up. */
  warned: AbortSignal;
  say(line: string): void;
}

/** Left for the checkpoint where the warning does not come by itself. */
const SECONDS_TO_LEAVE = 45;
const LOOK_MS = 2000;
/** Timers take no more than 2³¹ − 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** Work until nothing is left, or as long as this task may. Raises StudyError where workers cannot go on, or SLURM will not queue the task again. */
export async function workInJob(options: SlurmWork): Promise<LaunchEnd> {
  const { folder, job, chunk, env, signal, warned, say } = options;
  const late = new AbortController();
  const gone = new AbortController();
  const seconds = (await secondsLeft(job, env)) - SECONDS_TO_LEAVE;
  const clock = setTimeout(() => late.abort(), Math.min(LONGEST_MS, Math.max(0, seconds * 1e3)));
  if (seconds * 1e3 > LONGEST_MS) clearTimeout(clock);
  const isElsewhere = beginTask(folder, job);
  const look = setInterval(() => isElsewhere() && gone.abort(), LOOK_MS);
  try {
    const end = await launchLocal({
      ...{ folder, workers: 1, join: true, say, env },
      ...(chunk && { chunk }),
      signal: AbortSignal.any([signal, late.signal, gone.signal]),
    });
    if (end === "finished") return end;
    if (gone.signal.aborted || isElsewhere()) say(`Leaving: job ${job.name} was started again elsewhere`);
    else if (warned.aborted || late.signal.aborted) await comeBack(job, say);
    return end;
  } finally {
    clearTimeout(clock);
    clearInterval(look);
  }
}

async function comeBack(job: SlurmJob, say: (line: string) => void): Promise<void> {
  if (job.restarts >= MOST_RESTARTS) {
    say(`Time is up, and job ${job.name} was queued again ${job.restarts} times: not once more`);
    return;
  }
  say(`Time is up: job ${job.name} is queued again`);
  await requeue(job);
}

/** Say that this start of the task has begun; what comes back tells whether a later one has. */
function beginTask(folder: string, { id, restarts }: SlurmJob): () => boolean {
  const place = (n: number) => join(slurmFolder(folder), `${id}.${n}.start`);
  makeFolder(slurmFolder(folder));
  writeFileSync(place(restarts), "");
  return () => existsSync(place(restarts + 1));
}

/**
 * A planned study onto SLURM: the script is written, an array of workers is queued, and its number is kept in the folder. Asked again, it queues
 * workers only where none are queued or running: so the same command begins a study, goes on with it, and does nothing when all is under way.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { appendWhole, makeFolder, replaceFile } from "@thalweg/train/files";
import { isReady } from "../plan.ts";
import type { Plan } from "../plan-file.ts";
import { Results } from "../results.ts";
import { maxArraySize, sbatch } from "./slurm-commands.ts";
import { type QueuedTask, queued } from "./slurm-queue.ts";
import { type SlurmRequest, scriptFile, slurmFolder, slurmScript } from "./slurm-script.ts";

export interface SlurmOptions
  extends Pick<SlurmRequest, "folder" | "program" | "parallel" | "partition" | "minutes" | "options"> {
  /** Workers; by default as many as may run at a time, else as have something to do at the start, up to 16. */
  chunks?: number;
}

/** What is to be submitted. */
export interface Prepared {
  request: SlurmRequest;
  script: string;
  /** Trials without a result. */
  left: number;
}

/** More workers are asked for by number. */
const USUAL_CHUNKS = 16;

/** The script of a planned study. Raises StudyError for a folder that SLURM cannot be told. */
export async function prepareSlurm(
  { name, trials, spec }: Pick<Plan, "name" | "trials" | "spec">,
  options: SlurmOptions,
): Promise<Prepared> {
  const { folder, chunks, parallel } = options;
  const results = new Results(folder).look();
  const left = trials.filter(({ id }) => !results.has(id));
  const ready = left.filter((trial) => isReady(trial, results)).length;
  const most = await maxArraySize();
  const wanted = chunks ?? parallel ?? Math.min(Math.max(1, ready), USUAL_CHUNKS);
  const { ranks = 1 } = spec as { ranks?: number };
  const request = { ...options, name, ranks, chunks: Math.min(wanted, most) };
  return { request, script: slurmScript(request), left: left.length };
}

/** What came of submitting. */
export interface Submitted {
  /** The array's number; undefined where nothing was queued. */
  array?: number;
  /** Of earlier arrays, still queued or running: then nothing was submitted. */
  tasks: readonly QueuedTask[];
}

/** Write the script and queue it, unless workers of this study are queued. Raises StudyError where SLURM refuses. */
export async function submit({ request: { folder, chunks }, script }: Prepared): Promise<Submitted> {
  const tasks = await queued(submissions(folder));
  if (tasks.length > 0) return { tasks };
  makeFolder(slurmFolder(folder));
  replaceFile(scriptFile(folder), Buffer.from(script));
  const array = await sbatch(scriptFile(folder));
  const line = { array, chunks, at: new Date().toISOString() };
  appendWhole(arraysFile(folder), Buffer.from(`${JSON.stringify(line)}\n`));
  return { array, tasks: [] };
}

const arraysFile = (folder: string) => join(slurmFolder(folder), "arrays.jsonl");

/** The arrays that were queued for a study, by number; none where it never was on SLURM. */
export function submissions(folder: string): number[] {
  const path = arraysFile(folder);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1); // half a last line does not count
  return lines.map((line) => (JSON.parse(line) as { array: number }).array);
}

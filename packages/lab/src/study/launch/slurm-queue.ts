/**
 * What of a study is in SLURM's queue: `squeue --json`, whose form changes with its version. 22.05 writes states as text and numbers as numbers,
 * later ones lists of states and `{set, infinite, number}`; both are read, and of everything else nothing is asked. 22.05 ignores filters
 * and lists jobs that have ended, too: they are left out here.
 *
 * Source  recorded from SLURM 22.05.8; data_parser v0.0.40 of SLURM's REST schema for the later form.
 */
import { z } from "zod";
import { StudyError } from "../error.ts";
import { slurm } from "./slurm-commands.ts";

/** A task of an array, or those that wait together. */
export interface QueuedTask {
  /** Of the array. */
  array: number;
  /** "3", or "4-7%2" of those that wait. */
  tasks: string;
  /** PENDING, RUNNING, COMPLETING … */
  state: string;
  /** Why it waits; empty where it does not. */
  reason: string;
  nodes: string;
  /** How often it was queued again. */
  restarts: number;
}

const number = z.union([
  z.number(),
  z
    .object({ set: z.boolean().optional(), number: z.number() })
    .transform(({ set = true, number }) => (set ? number : null)),
  z.null(),
]);
const job = z.object({
  job_id: number,
  array_job_id: number.optional(),
  array_task_id: number.optional(),
  array_task_string: z.string().nullish(),
  job_state: z.union([z.string(), z.array(z.string()).transform((states) => states.join("+"))]),
  state_reason: z.string().nullish(),
  restart_cnt: number.optional(),
  nodes: z.string().nullish(),
});
const answer = z.object({ jobs: z.array(job) });

/** States of jobs that will not run any more. */
const ENDED =
  /COMPLETED|CANCELLED|FAILED|TIMEOUT|NODE_FAIL|PREEMPTED|BOOT_FAIL|DEADLINE|OUT_OF_MEMORY|REVOKED/;

/** What `squeue --json` says of these arrays. Raises StudyError for an answer of another form. */
export function readQueue(text: string, arrays: readonly number[]): QueuedTask[] {
  let parsed: z.infer<typeof answer>;
  try {
    parsed = answer.parse(JSON.parse(text));
  } catch (cause) {
    throw new StudyError(
      "Cannot read what squeue --json says as it has another form than that of SLURM 22.05 or 23.11: use squeue itself",
      { cause },
    );
  }
  return parsed.jobs.flatMap((job): QueuedTask[] => {
    const array = job.array_job_id || job.job_id;
    if (array === null || array === undefined || !arrays.includes(array)) return [];
    if (ENDED.test(job.job_state)) return [];
    const reason = job.state_reason ?? "";
    return [
      {
        array,
        tasks: job.array_task_string || String(job.array_task_id ?? 0),
        state: job.job_state,
        reason: reason === "None" ? "" : reason,
        nodes: job.nodes ?? "",
        restarts: job.restart_cnt ?? 0,
      },
    ];
  });
}

/** What is queued of these arrays. Raises StudyError where SLURM does not answer in time. */
export async function queued(arrays: readonly number[], timeoutMs = 5000): Promise<QueuedTask[]> {
  if (arrays.length === 0) return [];
  return readQueue(await slurm("squeue", ["--json"], timeoutMs), arrays);
}

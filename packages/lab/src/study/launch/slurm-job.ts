/**
 * A worker inside a job of SLURM's: when its time is up, and how it comes back. The end is known from SLURM, never guessed; the warning that the
 * script asks for (`--signal`) and the clock come to the same: leave a checkpoint, be queued again.
 *
 * Who is sent away by SLURM itself (preempted, or cancelled) is sent SIGTERM and asks for nothing: SLURM queues it again where it means to.
 */
import { slurm } from "./slurm-commands.ts";

export interface SlurmJob {
  id: string;
  /** What commands call it: "12_3" for a task of an array, as the last task's own number is that of the whole array. */
  name: string;
  /** How often it was queued again. */
  restarts: number;
}

/** The job that this process is the batch script of; undefined outside of one, or in a step of one. */
export function slurmJob(env: Readonly<Record<string, string | undefined>>): SlurmJob | undefined {
  const { SLURM_JOB_ID: id, SLURM_RESTART_COUNT: restarts = "0", SLURM_STEP_ID: step } = env;
  if (id === undefined || step !== undefined) return undefined;
  const { SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task } = env;
  return { id, name: array === undefined ? id : `${array}_${task}`, restarts: Number(restarts) };
}

/** Seconds left; infinity where there is no limit, or SLURM does not say. */
export async function secondsLeft(
  { name }: SlurmJob,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const { SLURM_JOB_END_TIME: end } = env; // seconds since 1970, since SLURM 22.05 or later
  if (end !== undefined && Number(end) > 0) return Number(end) - Date.now() / 1e3;
  const text = await slurm("squeue", ["-h", "-j", name, "-o", "%L"]).catch(() => "");
  return readDuration(text.trim());
}

/**
 * "59", "4:30", "2:00:00" or "1-02:00:00" in seconds; infinity for anything else, such as "UNLIMITED" and "NOT_SET".
 *
 * Source  squeue(1), TIME_LEFT: days-hours:minutes:seconds.
 */
export function readDuration(text: string): number {
  const [, days = "0", clock] = /^(?:(\d+)-)?([\d:]+)$/.exec(text) ?? [];
  if (clock === undefined) return Number.POSITIVE_INFINITY;
  const seconds = clock.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
  return 86_400 * Number(days) + seconds;
}

/** So often a job comes back at most: one that gets nowhere must end. */
export const MOST_RESTARTS = 100;

/** Have the job queued again. Raises StudyError where SLURM will not. */
export async function requeue({ name }: SlurmJob): Promise<void> {
  await slurm("scontrol", ["requeue", name]);
}

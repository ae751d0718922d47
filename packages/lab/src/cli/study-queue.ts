/** A study's workers in SLURM's queue, for those who ask how it gets on. A study's files say all that matters: where SLURM is silent, that is said. */
import { submissions } from "../study/launch/slurm.ts";
import { type QueuedTask, queued } from "../study/launch/slurm-queue.ts";

export interface Queue {
  tasks: readonly QueuedTask[];
  /** Why it is not known; empty where it is. */
  silence: string;
}

/** How long one waits for SLURM, to be told how a study gets on. */
const PATIENCE_MS = 3000;

/** Undefined where the study never was on SLURM. */
export async function queueIn(folder: string): Promise<Queue | undefined> {
  const arrays = submissions(folder);
  if (arrays.length === 0) return undefined;
  try {
    return { tasks: await queued(arrays, PATIENCE_MS), silence: "" };
  } catch (error) {
    return { tasks: [], silence: (error as Error).message };
  }
}

export function queueText({ tasks, silence }: Queue): string {
  if (silence !== "") return `SLURM's queue is not known: ${silence}\n`;
  if (tasks.length === 0) return "No workers in SLURM's queue\n";
  return `In SLURM's queue\n${queueLines(tasks).join("\n")}\n`;
}

/** A line for each. */
export const queueLines = (tasks: readonly QueuedTask[]): string[] =>
  tasks.map(({ array, tasks, state, reason, nodes, restarts }) =>
    [
      `  job ${array}_${/[^\d]/.test(tasks) ? `[${tasks}]` : tasks}`,
      state.toLowerCase(),
      ...(nodes === "" ? [] : [`on ${nodes}`]),
      ...(reason === "" ? [] : [`(${reason})`]),
      ...(restarts === 0 ? [] : [`queued again ${restarts} times`]),
    ].join(" "),
  );

/**
 * The batch script of a study: an array of equal workers, each a `thalweg study work` that begins with its own share of the trials and then helps
 * with the others'. Which worker does which trial is decided by claims in the study's folder, so tasks may be queued again, fail, or be submitted
 * twice, and the results are the same.
 *
 * Time that runs out is not a failure: SLURM warns the worker (SIGUSR1), which leaves a checkpoint and has its task queued again. `exec` puts the
 * worker in the script's place, as bash would not pass the warning on.
 *
 * Source  sbatch(1) of SLURM 22.05: --array, --signal, --requeue, --open-mode, "filename pattern".
 */
import { join } from "node:path";
import { StudyError } from "../error.ts";

export interface SlurmRequest {
  /** Of the study. */
  name: string;
  /** Of the study, absolute: every machine must see it there. */
  folder: string;
  /** What runs the worker, absolute: Node and the program, before "study work". */
  program: readonly string[];
  /** Tasks of the array, each a worker. */
  chunks: number;
  /** Of them at the same time; all if SLURM has place. */
  parallel?: number;
  /** Left to SLURM's default if not given. */
  partition?: string;
  /** How long a task may run until it makes place and is queued again. */
  minutes: number;
  /** Processes of each run: more than one takes MPI. */
  ranks: number;
  /** More options of sbatch, as "--account=vision". */
  options: readonly string[];
}

/** Where the script lies, and what the tasks say. */
export const scriptFile = (folder: string): string => join(folder, "submit.sbatch");
export const slurmFolder = (folder: string): string => join(folder, "slurm");

/** A warning comes so long before the end. SLURM looks every 30 s, and may kill late or warn early, so a minute is little. */
const WARNING_SECONDS = 120;

/** The script. Raises StudyError for a folder whose name SLURM cannot be told. */
export function slurmScript(request: SlurmRequest): string {
  const { name, folder, program, chunks, parallel, partition, minutes, ranks, options } = request;
  const warning = Math.min(WARNING_SECONDS, Math.floor((minutes * 60) / 2));
  const settings = [
    `--job-name=${jobName(name)}`,
    `--array=0-${chunks - 1}${parallel !== undefined && parallel < chunks ? `%${parallel}` : ""}`,
    `--output=${pattern(folder)}`,
    "--open-mode=append",
    "--requeue",
    `--signal=B:USR1@${warning}`,
    `--time=${minutes}`,
    "--nodes=1",
    `--ntasks=${ranks}`,
    "--cpus-per-task=1",
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...options,
  ];
  const words = [...program, "study", "work", folder].map(quote);
  return `#!/bin/bash
# The study ${oneLine(name)}: ${chunks} workers. Submitted again, it goes on where it was.
${settings.map((setting) => `#SBATCH ${setting}`).join("\n")}

exec ${words.join(" ")} --chunk "$SLURM_ARRAY_TASK_ID/${chunks}"
`;
}

/** For a shell. */
const quote = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

const oneLine = (text: string) => text.replaceAll(/\s+/g, " ");

/** SLURM shows it in lists. */
const jobName = (name: string) => `thalweg-${name.replaceAll(/[^\w.-]+/g, "-")}`;

/** A log for each task; in a path % begins what SLURM fills in, and quotes and line breaks cannot be written. */
function pattern(folder: string): string {
  if (/["\\\n]/.test(folder)) {
    throw new StudyError(
      `Cannot submit the study in ${JSON.stringify(folder)} as a path for SLURM must have no quotes, backslashes or line breaks: choose another folder`,
    );
  }
  return `"${join(slurmFolder(folder).replaceAll("%", "%%"), "%A_%a.log")}"`;
}

/** Options of `thalweg study run --on slurm`, known without loading what does it. */
import type { Command } from "commander";
import { repeated, wholeNumber } from "./arguments.ts";
import { UsageError } from "./errors.ts";

export interface SlurmFlags {
  partition?: string;
  time?: number;
  parallel?: number;
  chunks?: number;
  sbatch?: string[];
}

/** Of a worker's time. */
export const DEFAULT_MINUTES = 60;

/** The options of `--on slurm`. */
export function defineSlurmOptions(command: Command): void {
  command
    .option("--partition <name>", "of SLURM; its default partition if not given")
    .option(
      "--time <minutes>",
      `how long a worker runs until it makes place and is queued again (default: ${DEFAULT_MINUTES})`,
      wholeNumber("--time", 1),
    )
    .option("--parallel <n>", "workers at the same time, at most", wholeNumber("--parallel", 1))
    .option(
      "--chunks <n>",
      "workers; by default those of --parallel, else as many as have something to do at the start, up to 16",
      wholeNumber("--chunks", 1),
    )
    .option("--sbatch <option>", "one more option of sbatch, as --account=vision; may be repeated", repeated);
}

/** What is only for one of the launchers. Raises UsageError. */
export function checkLauncher(
  options: SlurmFlags & { on?: "local" | "slurm"; workers?: number; join?: boolean },
): void {
  const { on = "local" } = options;
  const given = FOR[on === "local" ? "slurm" : "local"].filter(
    (name) => (options as Record<string, unknown>)[name] !== undefined,
  );
  if (given.length === 0) return;
  const words = given.map((name) => `--${name}`).join(", ");
  throw new UsageError(
    on === "local"
      ? `Cannot run the study here with ${words} as they are for SLURM: add --on slurm, or leave them out`
      : `Cannot run the study on SLURM with ${words} as they are for workers of this machine: use --chunks and --parallel, or leave out --on slurm`,
  );
}

const FOR = {
  local: ["workers", "join"],
  slurm: ["partition", "time", "parallel", "chunks", "sbatch"],
} as const;

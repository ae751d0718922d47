/** `thalweg study work FOLDER`: one worker, as the launchers start them; on any machine that sees the folder, one more is one more. */
import type { Command } from "commander";
import type { FromStudyWorker } from "../study/launch/local.ts";
import { type SlurmJob, slurmJob } from "../study/launch/slurm-job.ts";
import { ComeBack, UsageError } from "./errors.ts";
import { interruptible } from "./interrupt.ts";
import type { Io } from "./io.ts";

interface Options {
  chunk?: { index: number; count: number };
}

export function define(command: Command, io: Io): void {
  command
    .description("Work on a planned study until nothing is left; start as many as you like.")
    .argument("<folder>", "the study's folder")
    .option("--chunk <i/n>", "do the trials i, i + n, i + 2n … first, then help with the others", chunk)
    .action((folder: string, options: Options) => run(folder, options, io));
}

function chunk(text: string): { index: number; count: number } {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (index !== undefined && Number(index) < Number(count))
    return { index: Number(index), count: Number(count) };
  throw new UsageError(
    `Cannot use --chunk as it must be i/n with i from 0 to n - 1: current value is ${text}`,
  );
}

async function run(folder: string, options: Options, io: Io): Promise<void> {
  const job = process.connected ? undefined : slurmJob(io.env);
  return job === undefined ? work(folder, options, io) : workInJob(folder, job, options, io);
}

/** A task of SLURM's: it starts a worker, and that one comes here again, connected to it. */
async function workInJob(folder: string, job: SlurmJob, options: Options, io: Io): Promise<void> {
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const warned = io.warned ?? new AbortController().signal;
  const end = await interruptible(io, "Stopping after the step at hand.", async (signal) => {
    const { workInJob } = await import("../study/launch/slurm-work.ts");
    return workInJob({ folder, job, ...options, env: io.env, signal, warned, say });
  });
  if (end === "interrupted") {
    throw new ComeBack(`Interrupted: what was done is kept in ${folder}.`);
  }
}

async function work(folder: string, options: Options, io: Io): Promise<void> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  process.once("disconnect", leave); // the launcher, where there was one
  try {
    await interruptible(io, "Stopping after the step at hand.", async (signal) => {
      const { workOnStudy } = await import("../study/worker.ts");
      const end = await workOnStudy({
        ...{ folder, ...options, env: io.env },
        signal: AbortSignal.any([signal, gone.signal]),
        say: (line) => io.stderr.write(`${line}\n`),
      });
      if (end === "interrupted") {
        throw new ComeBack(
          `Interrupted: what was done is kept in ${folder}. To go on, run the same command again.`,
        );
      }
    });
  } catch (error) {
    if (!(error instanceof ComeBack)) await tellLauncher(error as Error);
    throw error;
  } finally {
    process.off("disconnect", leave); // which would keep the process alive
  }
}

/** So that it does not take the end for a trial's fault. */
const tellLauncher = ({ message }: Error): Promise<void> =>
  new Promise((done) => {
    if (process.send === undefined || !process.connected) done();
    else process.send({ fatal: message } satisfies FromStudyWorker, () => done());
  });

/**
 * A pool of worker threads that train runs, one each at a time, first come first served. Threads are started when there
 * is work for them. The numbers do not depend on how many there are: each run is a function of its configuration.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Dataset } from "@thalweg/data";
import type { Evaluation, FitResult } from "@thalweg/train";
import type { TaskFile } from "../tasks/from-file.ts";
import type { TrialConfig } from "./trial.ts";

/** `stop` comes last: end the run at hand after its step, as "interrupted", and then the thread. */
export type ToWorker = { kind: "run"; config: TrialConfig; folder: string } | { kind: "stop" };
export type FromWorker =
  | { kind: "evaluation"; evaluation: Evaluation }
  | { kind: "done"; result: FitResult }
  | { kind: "failed"; error: Pick<Error, "name" | "message" | "stack"> };

export interface PoolOptions {
  /** A built-in task by its name, or the file that makes one. */
  task: string | TaskFile;
  /** With its bytes in shared memory, so that the workers do not copy it. */
  dataset: Dataset;
  /** Most threads; as many as the machine has cores by default. */
  workers?: number;
  /** The module that a thread runs; tests have their own. */
  entry?: URL;
}

interface Job {
  config: TrialConfig;
  folder: string;
  onEvaluation: ((evaluation: Evaluation) => void) | undefined;
  resolve(result: FitResult): void;
  reject(error: unknown): void;
}

export const defaultWorkers = (): number => availableParallelism();

/** Of a run that never began. */
const INTERRUPTED: FitResult = { end: "interrupted", step: 0, gradients: 0, seconds: 0, evaluations: [] };

export class Pool {
  private readonly idle: Worker[] = [];
  private readonly busy = new Map<Worker, Job>();
  private readonly queue: Job[] = [];
  /** Queued or running, by folder. */
  private readonly underWay = new Map<string, Promise<FitResult>>();
  private readonly most: number;
  private readonly start: () => Worker;
  private closing: Promise<unknown> | undefined;

  constructor({ task, dataset, workers = defaultWorkers(), entry }: PoolOptions) {
    if (!(Number.isSafeInteger(workers) && workers >= 1)) {
      throw new RangeError(
        `Cannot start workers as their number must be at least 1: current value is ${workers}`,
      );
    }
    this.most = workers;
    const module = entry ?? new URL("./worker.mjs", import.meta.url);
    // Without the process's own options: --eval and --input-type, for one, are refused in threads.
    this.start = () => this.listen(new Worker(module, { workerData: { task, dataset }, execArgv: [] }));
  }

  /**
   * Train one run. Rejects with what went wrong in the worker; divergence is a result. A run that is under way already is
   * not started twice, since a folder has one writer: both callers get its result.
   */
  run(
    config: TrialConfig,
    folder: string,
    onEvaluation?: (evaluation: Evaluation) => void,
  ): Promise<FitResult> {
    if (this.closing !== undefined) return Promise.resolve(INTERRUPTED);
    const underWay = this.underWay.get(folder);
    if (underWay !== undefined) return underWay;
    const result = new Promise<FitResult>((resolve, reject) => {
      this.queue.push({ config, folder, onEvaluation, resolve, reject });
      this.assign();
    }).finally(() => this.underWay.delete(folder));
    this.underWay.set(folder, result);
    return result;
  }

  /** Start no other run, let those at hand end with a checkpoint, as "interrupted", and end the threads. */
  async close(): Promise<void> {
    this.closing ??= Promise.all([
      ...this.idle.map((worker) => worker.terminate()),
      ...[...this.busy.keys()].map((worker) => {
        const ended = new Promise((done) => worker.once("exit", done));
        worker.postMessage({ kind: "stop" } satisfies ToWorker);
        return ended;
      }),
    ]);
    for (const job of this.queue.splice(0)) job.resolve(INTERRUPTED);
    await this.closing;
  }

  private listen(worker: Worker): Worker {
    worker.on("message", (message: FromWorker) => {
      const job = this.busy.get(worker)!;
      if (message.kind === "evaluation") {
        job.onEvaluation?.(message.evaluation);
        return;
      }
      this.busy.delete(worker);
      this.idle.push(worker);
      if (message.kind === "done") job.resolve(message.result);
      else job.reject(Object.assign(new Error(message.error.message), message.error));
      this.assign();
    });
    worker.on("error", (error) => this.lose(worker, error));
    worker.on("exit", (code) =>
      this.lose(worker, new Error(`the worker thread ended by itself, with code ${code}`)),
    );
    return worker;
  }

  private assign(): void {
    while (this.closing === undefined && this.queue.length > 0) {
      if (this.idle.length === 0 && this.busy.size === this.most) return;
      const worker = this.idle.shift() ?? this.start();
      const job = this.queue.shift()!;
      this.busy.set(worker, job);
      worker.postMessage({ kind: "run", config: job.config, folder: job.folder } satisfies ToWorker);
    }
  }

  /** A thread that died takes its run with it; the next run starts another thread. */
  private lose(worker: Worker, error: unknown): void {
    const at = this.idle.indexOf(worker);
    if (at >= 0) this.idle.splice(at, 1);
    const job = this.busy.get(worker);
    if (job === undefined) return;
    this.busy.delete(worker);
    job.reject(lost(job, error));
    this.assign();
  }
}

/** The error with the run that met it; the stack still shows where it was thrown. */
function lost({ config, folder }: Job, error: unknown): Error {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const run = `${config.rule} with seed ${config.seed} in ${folder}`;
  return Object.assign(new Error(`Cannot train ${run} as its thread failed: ${message}`), {
    name: "WorkerError",
    stack: `Cannot train ${run} as its thread failed: ${stack ?? message}`,
  });
}

/**
 * A pool of worker threads that train runs, one each at a time, first come first served. The numbers do not depend on
 * how many there are: each run is a function of its configuration.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Dataset } from "@thalweg/data";
import type { FitResult } from "@thalweg/train";
import type { TrialConfig } from "./trial.ts";

export type ToWorker = { kind: "run"; config: TrialConfig; folder: string } | { kind: "abort" };
export type FromWorker =
  | { kind: "done"; result: FitResult }
  | { kind: "failed"; error: Pick<Error, "name" | "message" | "stack"> };

export interface PoolOptions {
  task: string;
  /** With its bytes in shared memory, so that the workers do not copy it. */
  dataset: Dataset;
  /** Threads; as many as the machine has cores by default. */
  workers?: number;
}

interface Job {
  config: TrialConfig;
  folder: string;
  resolve(result: FitResult): void;
  reject(error: unknown): void;
}

export const defaultWorkers = (): number => availableParallelism();

export class Pool {
  private readonly idle: Worker[] = [];
  private readonly busy = new Map<Worker, Job>();
  private readonly queue: Job[] = [];
  private closed = false;

  constructor({ task, dataset, workers = defaultWorkers() }: PoolOptions) {
    if (!(Number.isSafeInteger(workers) && workers >= 1)) {
      throw new RangeError(
        `Cannot start workers as their number must be at least 1: current value is ${workers}`,
      );
    }
    for (let i = 0; i < workers; i++) this.idle.push(this.start(task, dataset));
  }

  /** Train one run. Rejects with what went wrong in the worker; divergence is a result. */
  run(config: TrialConfig, folder: string): Promise<FitResult> {
    return new Promise((resolve, reject) => {
      this.queue.push({ config, folder, resolve, reject });
      this.assign();
    });
  }

  /** Let running jobs end cleanly after the step at hand, as "interrupted", and start no other. */
  abort(): void {
    this.closed = true;
    for (const worker of this.busy.keys()) worker.postMessage({ kind: "abort" } satisfies ToWorker);
    for (const job of this.queue.splice(0)) {
      job.resolve({ end: "interrupted", step: 0, seconds: 0, evaluations: [] });
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.idle, ...this.busy.keys()].map((worker) => worker.terminate()));
  }

  private start(task: string, dataset: Dataset): Worker {
    const worker = new Worker(new URL("./worker.mjs", import.meta.url), { workerData: { task, dataset } });
    worker.on("message", (message: FromWorker) => {
      const job = this.busy.get(worker)!;
      this.busy.delete(worker);
      this.idle.push(worker);
      if (message.kind === "done") job.resolve(message.result);
      else job.reject(Object.assign(new Error(message.error.message), message.error));
      this.assign();
    });
    worker.on("error", (error) => this.fail(worker, error));
    worker.on("exit", (code) => {
      if (!this.closed)
        this.fail(worker, new Error(`Cannot go on as a worker thread ended with code ${code}`));
    });
    return worker;
  }

  private assign(): void {
    while (!this.closed && this.queue.length > 0 && this.idle.length > 0) {
      const worker = this.idle.shift()!;
      const job = this.queue.shift()!;
      this.busy.set(worker, job);
      worker.postMessage({ kind: "run", config: job.config, folder: job.folder } satisfies ToWorker);
    }
  }

  /** A worker that died takes its job with it. */
  private fail(worker: Worker, error: unknown): void {
    const at = this.idle.indexOf(worker);
    if (at >= 0) this.idle.splice(at, 1);
    this.busy.get(worker)?.reject(error);
    this.busy.delete(worker);
    if (this.idle.length === 0 && this.busy.size === 0)
      for (const job of this.queue.splice(0)) job.reject(error);
  }
}

/**
 * Evaluators in worker threads: each makes the model again, reads examples and directions from shared memory, and takes one tile at a
 * time. ONNX Runtime blocks those threads and not the one that keeps the log, draws the progress and answers.
 */
import { Worker } from "node:worker_threads";
import type { Dataset } from "@thalweg/data";
import type { AffineFamily, BatchNormPolicy, Grid, ModelForm, Tile, TileEvaluator } from "@thalweg/landscape";
import type { ModelMaker } from "./subject.ts";

/** Everything that an evaluator is made from, as plain data. */
export interface Assignment {
  readonly maker: ModelMaker;
  readonly dataset: Dataset;
  readonly set: "train" | "test";
  readonly indices: Uint32Array;
  readonly loss: string;
  readonly measures: readonly string[];
  readonly family: AffineFamily;
  readonly grid: Grid;
  readonly chunks: readonly number[];
  readonly batchNorm: BatchNormPolicy;
  /** What losses are compared with: those at the centre, or at the same place of another model's plane. */
  readonly reference: "centre" | { readonly maker: ModelMaker; readonly family: AffineFamily } | undefined;
  /** Measure both ends of the Hessian's spectrum, instead of heights. */
  readonly convexity?: { readonly seed: number; readonly form: ModelForm };
}

export type ToThread = { readonly kind: "tile"; readonly tile: Tile } | { readonly kind: "end" };
export type FromThread =
  | { readonly kind: "ready"; readonly columns: readonly string[] }
  | { readonly kind: "sums"; readonly sums: Float64Array }
  | { readonly kind: "failed"; readonly name: string; readonly message: string };

/** Start so many threads, each with an evaluator. Rejects with what goes wrong in making one. */
export async function startThreads(assignment: Assignment, count: number): Promise<TileEvaluator[]> {
  const { family, reference } = assignment;
  const shared: Assignment = {
    ...assignment,
    family: share(family),
    reference: typeof reference === "object" ? { ...reference, family: share(reference.family) } : reference,
  };
  const started = await Promise.allSettled(Array.from({ length: count }, () => startThread(shared)));
  const failed = started.find((one) => one.status === "rejected");
  const evaluators = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  if (failed === undefined) return evaluators;
  for (const evaluator of evaluators) await evaluator.release();
  throw failed.reason;
}

async function startThread(assignment: Assignment): Promise<TileEvaluator> {
  // Without the process's own options: --eval and --input-type, for one, are refused in threads.
  const worker = new Worker(new URL("./worker.mjs", import.meta.url), {
    workerData: assignment,
    execArgv: [],
  });
  const ready = await answer(worker);
  if (ready.kind !== "ready")
    throw new Error(`Cannot evaluate as the thread must be ready first: it said ${ready.kind}`);
  return {
    columns: ready.columns,
    evaluate: async (tile) => {
      worker.postMessage({ kind: "tile", tile } satisfies ToThread);
      const said = await answer(worker);
      if (said.kind === "sums") return said.sums;
      throw new Error(`Cannot evaluate as the thread must answer with sums: it said ${said.kind}`);
    },
    release: async () => {
      const ended = new Promise((done) => worker.once("exit", done));
      worker.postMessage({ kind: "end" } satisfies ToThread);
      await ended;
    },
  };
}

/** The thread's next message, or the end of it as an error. */
function answer(worker: Worker): Promise<FromThread> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
      act();
    };
    const onMessage = (message: FromThread) =>
      settle(() =>
        message.kind === "failed"
          ? reject(
              Object.assign(new (message.name === "RangeError" ? RangeError : Error)(message.message), {
                name: message.name,
              }),
            )
          : resolve(message),
      );
    const onError = (error: unknown) => settle(() => reject(error));
    const onExit = (code: number) =>
      settle(() => reject(new Error(`the thread ended by itself, with code ${code}`)));
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("exit", onExit);
  });
}

/** The same family with its numbers in shared memory, of which threads get no copies. */
function share(family: AffineFamily): AffineFamily {
  const move = (vector: Float32Array): Float32Array => {
    const copy = new Float32Array(new SharedArrayBuffer(vector.byteLength));
    copy.set(vector);
    return copy;
  };
  return { ...family, origin: move(family.origin), basis: family.basis.map(move) };
}

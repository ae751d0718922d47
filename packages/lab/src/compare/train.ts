/**
 * One training run, in a worker thread as all runs are: ONNX Runtime blocks its thread, and Ctrl-C must be heard. A run that
 * has ended in its folder is not trained again; one that was interrupted continues bit for bit.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  alone,
  CHECKPOINTS,
  type Communicator,
  type Evaluation,
  type Fence,
  type FitResult,
  type JsonObject,
  readRun,
  runId,
} from "@thalweg/train";
import { z } from "zod";
import { type TaskFile, taskFileSchema } from "../tasks/from-file.ts";
import type { LoadedTask } from "../tasks/load.ts";
import { Pool } from "./pool.ts";
import { taskFacts } from "./task-facts.ts";
import {
  configuredRule,
  endedTrial,
  runTrial,
  type TrialConfig,
  type TrialRequest,
  trialConfig,
} from "./trial.ts";

export interface TrainOptions {
  config: TrialConfig;
  loaded: LoadedTask;
  folder: string;
  onEvaluation?(evaluation: Evaluation): void;
  /** Ends the run cleanly, with a checkpoint. */
  signal?: AbortSignal;
  /** The ranks that train it together. */
  communicator?: Communicator;
  /** Whether each rank keeps the optimizer's state of its slice only. */
  sharded?: boolean;
  /** What keeps the ranks out of the folder once others have taken the run over. */
  fence?: Fence;
}

/** What a run is, with the task's identity measured. */
export async function planRun({ task, dataset }: LoadedTask, request: TrialRequest): Promise<TrialConfig> {
  const { fingerprint } = await taskFacts(task, dataset);
  return trialConfig(task, fingerprint, request);
}

/** `digits-mlp-adamw-1f0c9a2b`: readable, and the same for the same request. */
export const runName = (config: TrialConfig): string =>
  `${config.task}-${config.rule.replaceAll(/[^A-Za-z0-9.=-]+/g, "-").slice(0, 60)}-${runId(config).slice(0, 8)}`;

/**
 * Train to the end, with a TensorBoard event file in the run's folder. `reused` says that the result comes from disk. Raises RunFolderError.
 */
export async function train(options: TrainOptions): Promise<FitResult & { reused: boolean }> {
  const { folder, onEvaluation, communicator = alone } = options;
  if (communicator.rank > 0) return trainAlone(options);
  const { LiveEvents } = await import("../exchange/tensorboard/live.ts");
  const events = new LiveEvents(folder);
  const told = (evaluation: Evaluation) => {
    events.evaluation(evaluation);
    onEvaluation?.(evaluation);
  };
  const result = await trainAlone({ ...options, onEvaluation: told });
  events.end(result.end);
  return result;
}

/** The training itself. */
async function trainAlone(options: TrainOptions): Promise<FitResult & { reused: boolean }> {
  const { config, loaded, folder, onEvaluation, signal, communicator = alone } = options;
  if (communicator !== alone) return trainOnRanks(options, communicator);
  const ended = endedTrial(config, folder);
  if (ended !== undefined) {
    for (const evaluation of ended.evaluations) onEvaluation?.(evaluation);
    return { ...ended, reused: true };
  }
  const pool = new Pool({ task: loaded.task.file ?? loaded.task.name, dataset: loaded.dataset, workers: 1 });
  const stop = () => void pool.close();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    return { ...(await pool.run(config, folder, onEvaluation)), reused: false };
  } finally {
    signal?.removeEventListener("abort", stop);
    await pool.close();
  }
}

/** The same in this thread: a rank waits for the others where it waits for signals, and MPI belongs to the thread that began it. */
async function trainOnRanks(
  { config, loaded, folder, onEvaluation, signal, sharded = false, fence }: TrainOptions,
  communicator: Communicator,
): Promise<FitResult & { reused: boolean }> {
  const reused = readRun(folder)?.end !== undefined;
  await communicator.barrier(); // all have looked before rank 0 writes
  const place = { ...loaded, folder, communicator, sharded, ...(fence && { fence }) };
  const result = await runTrial(config, {
    ...place,
    ...(signal && { signal }),
    ...(onEvaluation && { onEvaluation }),
  });
  if (reused) for (const evaluation of result.evaluations) onEvaluation?.(evaluation);
  return { ...result, reused };
}

/** The part of config.json that was chosen; that the rest is still the same is checked when the run is opened. */
const stored = z.object({
  kind: z.literal("training"),
  version: z.literal(2),
  task: z.string(),
  rule: z.string(),
  links: z.array(z.record(z.string(), z.unknown())),
  schedule: z.string(),
  batches: z.string().optional(),
  checkpoint: z.enum(CHECKPOINTS).optional(),
  batchSize: z.int().min(1),
  ranks: z.int().min(1).optional(),
  accumulate: z.int().min(1).optional(),
  synchronised: z.literal(true).optional(),
  trajectory: z.int().min(4).optional(),
  diagnostics: z.number().positive().optional(),
  steps: z.int().min(1),
  seed: z.int().min(0),
  test: z.boolean(),
  file: taskFileSchema.optional(),
});

/** What was asked for in the run that lies in a folder. Raises RangeError when it holds none that can be continued. */
export function storedRequest(folder: string): TrialRequest & { task: string; file?: TaskFile } {
  const path = join(folder, "config.json");
  const refuse = (reason: string, cause: unknown) =>
    new RangeError(`Cannot resume ${folder} as ${reason}`, { cause });
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw refuse(`it must hold a run, with its config.json: ${(cause as Error).message}`, cause);
  }
  const parsed = stored.safeParse(config);
  if (!parsed.success)
    throw refuse(
      `its config.json is of no run that can be continued:\n${z.prettifyError(parsed.error)}`,
      parsed.error,
    );
  const {
    kind: _,
    version: __,
    rule,
    links,
    batches,
    checkpoint,
    ranks,
    accumulate,
    synchronised,
    trajectory,
    diagnostics,
    file,
    ...request
  } = parsed.data;
  try {
    const optional = {
      ...(batches === undefined ? {} : { batches }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(ranks === undefined ? {} : { ranks }),
      ...(accumulate === undefined ? {} : { accumulate }),
      ...(synchronised && { synchronised }),
      ...(trajectory === undefined ? {} : { trajectory }),
      ...(diagnostics === undefined ? {} : { diagnostics }),
      ...(file === undefined ? {} : { file }),
    };
    return {
      ...request,
      ...optional,
      rule: configuredRule({ rule, links: links as unknown as JsonObject[] }),
    };
  } catch (cause) {
    throw refuse(`its config.json holds no rule: ${(cause as Error).message}`, cause);
  }
}

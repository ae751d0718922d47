/**
 * Fine-tuning in one call: an ONNX file (or a TypeScript module) and data in, a run's result and the trained file out. It is
 * `thalweg train` without the command line, and finds and resumes the same runs.
 */
import { join } from "node:path";
import type { Rule } from "@thalweg/optim";
import type { Evaluation, FitResult } from "@thalweg/train";
import { checkTrainable } from "./compare/learner.ts";
import { planRun, runName, train } from "./compare/train.ts";
import { trainedTensors } from "./compare/trained.ts";
import { exportModel } from "./tasks/export.ts";
import { describeTaskFile, type TaskFile } from "./tasks/from-file.ts";
import { loadTaskFile } from "./tasks/load.ts";

export interface FineTuneOptions extends Omit<TaskFile, "path" | "sha256"> {
  /** With the hyperparameters of this run. */
  readonly rule: Rule;
  /** Of its learning rate; constant by default. */
  readonly schedule?: string;
  /** Updates; 300 by default. */
  readonly steps?: number;
  /** 1 by default. */
  readonly seed?: number;
  /** Where the run is kept; runs/<task>-<rule>-<id> by default. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  onEvaluation?(evaluation: Evaluation): void;
}

/** A run, and the trained model as an ONNX file. */
export type FineTuned = FitResult & { readonly folder: string; readonly onnx: Uint8Array };

/** Raises RangeError or OnnxError for a model, data and a rule that do not fit each other. */
export async function fineTune(path: string, options: FineTuneOptions): Promise<FineTuned> {
  const {
    rule,
    schedule = "constant",
    steps,
    seed = 1,
    signal,
    onEvaluation,
    folder: place,
    ...file
  } = options;
  const loaded = await loadTaskFile(describeTaskFile(path, file), { say() {} });
  checkTrainable(rule, loaded.task, loaded.dataset);
  const request = { rule, schedule, steps: steps ?? loaded.task.steps, seed, test: true };
  const config = await planRun(loaded, request);
  const folder = place ?? join("runs", runName(config));
  const result = await train({
    ...{ config, loaded, folder },
    ...(signal && { signal }),
    ...(onEvaluation && { onEvaluation }),
  });
  return { ...result, folder, onnx: exportModel(loaded, await trainedTensors(config, loaded, folder)) };
}

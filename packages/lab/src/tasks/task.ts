/**
 * A task: a model, data, and a protocol, all fixed, so that only the optimizer differs between runs. Two runs may be
 * compared only when their task has the same fingerprint.
 */
import type { Checkpoints, Model } from "@thalweg/train";
import type { TaskFile } from "./from-file.ts";

export interface Task {
  name: string;
  description: string;
  /** A dataset of @thalweg/data. */
  dataset: string;
  /** The task to use, after saying so, where the dataset cannot be had. */
  fallback?: string;
  /**
   * The model for examples of this shape (of images: [channels, height, width]) and this many classes; without biases for
   * rules that cannot update vectors.
   */
  model(shape: readonly number[], classes: number, options?: ModelOptions): Model;
  /** The model in the field's shorthand. */
  architecture: string;
  batchSize: number;
  /** Updates per run. */
  steps: number;
  evaluateEvery: number;
  /** Images of the training split that are held out for tuning. */
  validation: number;
  /** Test accuracy whose first reaching is reported, in [0, 1]. */
  targetAccuracy: number;
  /** Largest batch of an evaluation; only speed depends on it. */
  evaluationBatch: number;
  /** What is computed again in the backward pass rather than kept. */
  checkpoint?: Checkpoints;
  /** Where it comes from, if not from here; worker threads and run folders make it again from this. */
  file?: TaskFile;
}

export interface ModelOptions {
  /** True by default. */
  bias?: boolean;
}

/**
 * A task: a model, data, and a protocol, all fixed, so that only the optimizer differs between runs. Two runs may be
 * compared only when their task has the same fingerprint.
 */
import type { BatchOrder } from "@thalweg/data";
import type { Checkpoints, Model } from "@thalweg/train";
import type { Metric } from "../study/study-data.ts";
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
  /** Examples of the training split that are held out for tuning; 0 where the dataset has a validation split of its own. */
  validation: number;
  /**
   * What runs are judged by, in the end. Tuning looks at the validation loss. The benchmark's targets lie a little short of what the better
   * of adamw and momentum reaches at the best of seven rates.
   */
  metric: Metric;
  /** Whether each epoch has an order of its own, as it has when this is left out. */
  order?: BatchOrder;
  /** Largest batch of an evaluation; only speed depends on it. */
  evaluationBatch: number;
  /** What is computed again in the backward pass rather than kept. */
  checkpoint?: Checkpoints;
  /** Where it comes from, if not from here; worker threads and run folders make it again from this. */
  file?: TaskFile;
}

/** The share of right answers on the test split; `target` is the share whose first reaching is timed. */
export const accuracy = (target?: number): Metric => ({
  measure: "testAccuracy",
  better: "higher",
  unit: "share",
  ...(target !== undefined && { target }),
});

/** The loss on the test split. */
export const loss = (unit: string, known: Pick<Metric, "floor" | "target"> = {}): Metric => ({
  measure: "testLoss",
  better: "lower",
  unit,
  ...known,
});

export interface ModelOptions {
  /** True by default. */
  bias?: boolean;
}

/**
 * What came of a trial of a study. The run's folder is the truth; results are an index of it, appended to by the worker that did the
 * trial, and made again from the folders where it is lost.
 */
import type { Configuration } from "../samplers/index.ts";

/**
 * finished     to its last step
 * diverged     not finite, or far above where it began: a result, and the worst there is
 * pruned       ended early by the study's pruner
 * failed       the program failed, twice; `reason` says how
 * timed-out    it took longer than the study allows
 */
export type TrialEnd = "finished" | "diverged" | "pruned" | "failed" | "timed-out";

export interface TrialResult {
  /** Of the plan's line. */
  id: number;
  /** The values it ran with. */
  hyper: Configuration;
  /** Its folder, relative to the study's, with forward slashes. */
  folder: string;
  /** The task's fingerprint, measured where it ran: compared with the plan's before anything is compared. */
  fingerprint: string;
  end: TrialEnd;
  /** Why, where it did not finish; else empty. */
  reason: string;
  steps: number;
  /** Gradients of a batch that it took. */
  gradients: number;
  seconds: number;
  /** Measures of the last evaluation by name, as `validationLoss` and `testLoss`; null where not finite. */
  final: Readonly<Record<string, number | null>>;
  /** The same of the evaluation with the lowest validation loss. */
  best: Readonly<Record<string, number | null>>;
  /** Measures of the first evaluation, before training. */
  initial: Readonly<Record<string, number | null>>;
  /** Gradients of a batch until the first evaluation at the metric's target or past it; null where it was not reached, left out where there is no target. */
  gradientsToTarget?: number | null;
}

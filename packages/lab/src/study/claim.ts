/**
 * Claims: "adamw < sgd on mnist14-mlp" as data, and what a study answers.
 *
 * `A < B` says that A's value of the task's metric is lower than B's, `A > B` that it is higher: for a loss lower is better, for an
 * accuracy worse. Who means better says "better than". An answer is *supported* or *refuted* only where the interval of the paired
 * difference lies wholly outside the A/A band and the paired test agrees; else it is *not distinguishable*, with what it would take.
 */
import type { Condition, Difference } from "./assessment.ts";

export type Relation = "<" | ">" | "better than" | "worse than";

export interface Claim {
  left: string;
  relation: Relation;
  right: string;
  /** A task's name, or "all": the mean score over the study's tasks. */
  on: string;
  /** A schedule of the study; `null` for each of them. */
  at: string | null;
}

export type ClaimVerdict = "supported" | "refuted" | "not distinguishable";

export interface ClaimAnswer {
  /** As one would write it. */
  claim: string;
  parsed: Claim;
  /** Where it was judged: on all tasks `task` is "all", batch size and steps are 0. */
  condition: Condition;
  verdict: ClaimVerdict;
  /** The metric that was compared, in words with its unit. */
  metric: string;
  better: "lower" | "higher";
  /** Left minus right. */
  difference: Difference;
  /** The answer as a sentence. */
  sentence: string;
}

/**
 * Claims: "adamw < sgd on mnist14-mlp" as data, and what a study answers.
 *
 * `A < B` says that A's value of the task's metric is lower than B's, `A > B` that it is higher: for a loss lower is better, for an
 * accuracy worse. Who means better says "better than". An answer is *supported* or *refuted* only where the interval of the paired
 * difference lies wholly outside the A/A band and the paired test agrees; else it is *not distinguishable*, with what it would take.
 */
import type { Condition, Difference } from "./assessment.ts";

export const RELATIONS = ["<", ">", "better than", "worse than"] as const;

export type Relation = (typeof RELATIONS)[number];

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

/** As `parseClaim` reads it; names with other characters than letters, digits and -._ are quoted. */
export function printClaim({ left, relation, right, on, at }: Claim): string {
  const where = at === null ? "" : ` at ${quoted(at)}`;
  return `${quoted(left)} ${relation} ${quoted(right)} on ${quoted(on)}${where}`;
}

const quoted = (name: string): string => {
  if (/^[\w.-]+$/.test(name)) return name;
  return name.includes('"') ? `'${name}'` : `"${name}"`;
};

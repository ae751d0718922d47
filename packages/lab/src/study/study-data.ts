/** A study as its readers have it, whatever it came from: the report, claims and the pages are functions of this. */
import type { Configuration, Space } from "../samplers/index.ts";
import type { PlannedTrial } from "./plan.ts";
import type { TrialResult } from "./result.ts";

export interface StudyData {
  name: string;
  /** Of the plan: what two copies of a study must agree in. */
  hash: string;
  /** Searched points and resampling are drawn from it. */
  seed: number;
  tasks: readonly StudyTask[];
  rules: readonly StudyRule[];
  trials: readonly PlannedTrial[];
  /** By the trial's id; undefined as long as it has not ended. */
  results: ReadonlyMap<number, TrialResult>;
  /** CPU, cores, versions of what ran it, in words. */
  machine: Readonly<Record<string, string | number>>;
  /** The command that made it. */
  command: string;
  startedAt: string;
  finishedAt: string | null;
}

export interface StudyTask {
  name: string;
  description: string;
  architecture: string;
  fingerprint: string;
  parameters: number;
  /** What results are judged by: a measure of `TrialResult.final`. */
  metric: Metric;
}

export interface Metric {
  /** "testLoss", "testAccuracy" … */
  measure: string;
  better: "lower" | "higher";
  /** "nat", "share", "relative L2" … */
  unit: string;
  /** The best value that is possible, or known, of the same measure; left out where none is known. */
  floor?: number;
  /** Value whose first reaching is timed. */
  target?: number;
}

export interface StudyRule {
  /** As in `Setting.rule`. */
  name: string;
  /** As it was written in the study. */
  spec: string;
  /** The formula, for people. */
  formula: string;
  source: string;
  /** What is searched; the report prints its dimension. */
  space: Space;
  /** What trial 0 tries, by task: the rule's defaults, where they lie in its space. */
  pinned?: Readonly<Record<string, Configuration>>;
}

/**
 * The plan of a study: what `study.yaml` comes down to, frozen before the first run, one trial a line.
 *
 * A *setting* is a task × rule × schedule × batch size × number of steps. In each setting the search is done `replicates` times
 * with other points, so that the noise of tuning is measured, not guessed; the winner of each search then runs on every seed.
 * What a trial will do is a pure function of the plan and of the results of the trials that it names in `after`: so any number of
 * workers, on any number of machines, interrupted or not, come to the same bits.
 */
import type { Configuration } from "../samplers/index.ts";

/** What is compared with what: all trials of a setting differ in their values and seeds only. */
export interface Setting {
  /** A built-in task's name, or that of a file's task. */
  task: string;
  /** The rule's label, unique within the study. */
  rule: string;
  schedule: string;
  batchSize: number;
  steps: number;
}

export interface PlannedTrial extends Setting {
  /** The line's number, from 0: what claims and results call it. */
  id: number;
  /** Which of the independent searches: 0 is A, 1 is A′. */
  replicate: number;
  phase: "tuning" | "final";
  /** Of the trial in its search; of a final run, that of its seed. */
  number: number;
  /** Of everything that training draws. */
  seed: number;
  /** The values that were searched; left out where they follow from the results of other trials. */
  hyper?: Configuration;
  /** Trials that must have ended before: the search that a final run takes its winner from, the rounds that a sampler learns from. */
  after?: readonly number[];
  /** Where a pruner looks: the run is taken to this step, and a later line goes on with it. */
  until?: number;
}

/** Whether all that a trial waits for has ended. */
export const isReady = ({ after }: PlannedTrial, results: { has(id: number): boolean }): boolean =>
  after === undefined || after.every((id) => results.has(id));

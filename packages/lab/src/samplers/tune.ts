/**
 * The trials of a study, in an order that lets samplers learn and is the same on any number of workers.
 *
 * A sampler that looks at nothing has all its trials running at once. For one that learns they come in rounds: the first ones together, then four
 * at a time. A trial knows what came of all earlier rounds, and that the earlier trials of its own round are running. So what it
 * knows depends on its number alone, and a study that was interrupted goes on with the same trials.
 */

import { type Sampler, type SamplerName, type Study, samplers, suggest, type Tried } from "./samplers.ts";
import type { Configuration } from "./space.ts";

/** Trials of a round: enough to keep workers busy, few enough to learn from each other. */
const ROUND = 4;

/** The first trial after the round that begins with `start`. */
const endOfRound = (sampler: Sampler, start: number, budget: number): number =>
  Math.min(
    budget,
    sampler.learns === undefined ? budget : start === 0 ? sampler.learns.first : start + ROUND,
  );

/** The first trial of the round that a trial belongs to: it may know what came of those before. */
export function startOfRound(sampler: SamplerName, trial: number): number {
  const used: Sampler = samplers[sampler];
  if (used.learns === undefined || trial < used.learns.first) return 0;
  return trial - ((trial - used.learns.first) % ROUND);
}

/**
 * Run every trial of a study, and give back what they gave, in order.
 *
 * @param run      one trial
 * @param scoreOf  what is minimised, of what a trial gave; NaN and ∞ are failures
 */
export async function runTrials<T>(
  study: Study,
  run: (trial: number, configuration: Configuration) => Promise<T>,
  scoreOf: (outcome: T) => number,
): Promise<T[]> {
  const { budget, sampler = "halton" } = study;
  const used: Sampler = samplers[sampler];
  const outcomes: T[] = [];
  const tried: Tried[] = [];
  while (outcomes.length < budget) {
    const start = outcomes.length;
    const end = endOfRound(used, start, budget);
    const round: Promise<T>[] = [];
    for (let trial = start; trial < end; trial++) {
      const configuration = suggest(study, trial, tried);
      tried.push({ configuration, value: undefined });
      round.push(run(trial, configuration));
    }
    outcomes.push(...(await Promise.all(round)));
    for (let trial = start; trial < end; trial++) {
      const value = scoreOf(outcomes[trial]!);
      tried[trial]!.value = Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
    }
  }
  return outcomes;
}

/**
 * The bootstrap of aggregates over tasks: stratified by task, tied across rules, searches and seeds resampled together.
 *
 * A draw takes, in each task, as many seeds as there are and as many of the searches {A, A′} as there are, with replacement; a run
 * counts (times its search was taken) × (times its seed was taken). All rules share the draw: what a hard seed does to all of them
 * cancels in their difference. Tasks stay as they are, so intervals speak about these tasks; drawn with replacement, too, they speak about tasks
 * like these, as far as a dozen can stand for others (rliable's `task_bootstrap`).
 */
import { stream } from "@thalweg/random";
import { type Interval, quantile } from "./bootstrap.ts";
import { RESAMPLES } from "./draws.ts";

/** How many runs a task has: `searches` × `seeds`, run i is search ⌊i / seeds⌋, seed i mod seeds. */
export interface Stratum {
  searches: number;
  seeds: number;
}

/** Runs of all strata, one after the other. */
export const runsOf = (strata: readonly Stratum[]): number =>
  strata.reduce((sum, { searches, seeds }) => sum + searches * seeds, 0);

export interface DrawOptions {
  draws?: number;
  /** Whether strata are drawn as well, as many as there are, with replacement. Default false. */
  drawStrata?: boolean;
}

/** Tables with more entries are drawn anew each time: 16 MB. */
const MOST_KEPT = 8_000_000;
const tables = new Map<string, Uint16Array>();

/**
 * Call `use` with the weight of every run, once per draw. The array is only lent: what is to stay must be copied.
 * Weights are whole numbers and sum to the number of runs in each stratum, times how often it was drawn. The same strata and seed have the same draws.
 */
export function eachDraw(
  strata: readonly Stratum[],
  seed: number,
  use: (weights: Uint16Array, draw: number) => void,
  { draws = RESAMPLES, drawStrata = false }: DrawOptions = {},
): void {
  const runs = runsOf(strata);
  if (runs * RESAMPLES > MOST_KEPT) {
    const weights = new Uint16Array(runs);
    drawInto(strata, seed, { draws, drawStrata }, () => weights, use);
    return;
  }
  const key = JSON.stringify([seed, drawStrata, strata]);
  let table = tables.get(key);
  if (table === undefined) {
    const fresh = new Uint16Array(runs * RESAMPLES);
    drawInto(
      strata,
      seed,
      { draws: RESAMPLES, drawStrata },
      (draw) => fresh.subarray(draw * runs, (draw + 1) * runs),
      () => {},
    );
    if (tables.size >= 4) tables.clear();
    tables.set(key, fresh);
    table = fresh;
  }
  for (let draw = 0; draw < draws; draw += 1) use(table.subarray(draw * runs, (draw + 1) * runs), draw);
}

function drawInto(
  strata: readonly Stratum[],
  seed: number,
  { draws, drawStrata }: Required<DrawOptions>,
  place: (draw: number) => Uint16Array,
  use: (weights: Uint16Array, draw: number) => void,
): void {
  const chance = stream(seed, "stratified bootstrap");
  const ofStrata = stream(seed, "strata of the bootstrap");
  const times = new Uint16Array(strata.length).fill(1);
  const taken = strata.map(({ searches, seeds }) => ({
    searches: new Uint16Array(searches),
    seeds: new Uint16Array(seeds),
  }));
  for (let draw = 0; draw < draws; draw += 1) {
    const weights = place(draw);
    let at = 0;
    if (drawStrata) {
      times.fill(0);
      for (let k = 0; k < times.length; k += 1) times[ofStrata.integer(times.length)]! += 1;
    }
    for (const [stratum, { searches, seeds }] of taken.entries()) {
      searches.fill(0);
      seeds.fill(0);
      for (let k = 0; k < searches.length; k += 1) searches[chance.integer(searches.length)]! += 1;
      for (let k = 0; k < seeds.length; k += 1) seeds[chance.integer(seeds.length)]! += 1;
      for (let r = 0; r < searches.length; r += 1)
        for (let s = 0; s < seeds.length; s += 1, at += 1)
          weights[at] = times[stratum]! * searches[r]! * seeds[s]!;
    }
    use(weights, draw);
  }
}

/** 95 % percentile interval; sorts in place. `null` where a bound is not finite. */
export function percentileInterval(resampled: Float64Array): Interval | null {
  resampled.sort();
  const low = quantile(resampled, 0.025);
  const high = quantile(resampled, 0.975);
  return Number.isFinite(low) && Number.isFinite(high) ? { low, high } : null;
}

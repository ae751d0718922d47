/**
 * Several rules on one surface, each from the same start, each with the same seeds. The race goes only as far as somebody looks, within a budget of time, so that
 * a page draws its next frame whatever the race costs. Drawing is elsewhere: this knows numbers.
 */
import type { Racer } from "./racer.ts";
import type { Pair, Surface } from "./surface.ts";
import { Track } from "./track.ts";

export interface RaceOptions {
  readonly surface: Surface;
  readonly racers: readonly Racer[];
  readonly start: Pair;
  readonly steps: number;
  readonly noise: number;
  /** How many; the first is 0. Without noise all seeds would walk alike, and one walks. */
  readonly seeds: number;
}

/** A rule's tracks, one per seed, and their middle and range of f at each step. */
export interface Lane {
  readonly racer: Racer;
  readonly tracks: readonly Track[];
  readonly median: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Why it cannot start; empty when it can. */
  readonly problem: string;
}

export class Race {
  readonly lanes: readonly Lane[];
  readonly options: RaceOptions;
  /** Every lane has come as far as this, or ended. */
  reached = 0;

  constructor(options: RaceOptions) {
    this.options = options;
    this.lanes = options.racers.map((racer) => startLane(racer, options));
    for (const lane of this.lanes) summarize(lane, 0);
  }

  /** Go on to a step, for at most so many milliseconds. Returns whether it got there. */
  advanceTo(step: number, budgetMs: number): boolean {
    const goal = Math.min(step, this.options.steps);
    const deadline = performance.now() + budgetMs;
    while (this.reached < goal) {
      this.reached++;
      for (const lane of this.lanes) {
        for (const track of lane.tracks) track.step();
        summarize(lane, this.reached);
      }
      if (this.reached % CLOCK_EVERY === 0 && performance.now() > deadline) return this.reached >= goal;
    }
    return true;
  }
}

/** Steps between two looks at the clock, which is not free. */
const CLOCK_EVERY = 8;

function startLane(racer: Racer, options: RaceOptions): Lane {
  const { surface, start, steps, noise, seeds } = options;
  const numbers = () => new Float64Array(steps + 1).fill(Number.NaN);
  const summary = { median: numbers(), low: numbers(), high: numbers() };
  if (racer.made === undefined) return { racer, tracks: [], ...summary, problem: racer.problem };
  const { rule, schedule } = racer.made;
  try {
    const tracks = Array.from(
      { length: noise === 0 && !rule.program.noise ? 1 : seeds },
      (_, seed) => new Track({ surface, rule, schedule, start, steps, noise, seed }),
    );
    return { racer, tracks, ...summary, problem: "" };
  } catch (error) {
    return { racer, tracks: [], ...summary, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** A diverged track is above all others: it counts as +∞, which is no number to draw. */
function summarize({ tracks, median, low, high }: Lane, step: number): void {
  if (tracks.length === 1) {
    const [track] = tracks;
    const value = valueAt(track!, step);
    median[step] = value;
    low[step] = value;
    high[step] = value;
    return;
  }
  if (tracks.length === 0) return;
  const sorted = tracks.map((track) => valueAt(track, step)).sort((a, b) => a - b);
  median[step] = quantile(sorted, 0.5);
  low[step] = sorted[0]!;
  high[step] = sorted.at(-1)!;
}

const valueAt = (track: Track, step: number): number =>
  track.diverged !== "" && track.reached <= step ? Number.POSITIVE_INFINITY : track.values[step]!;

/** Of sorted values, linear between neighbours. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [i, rest] = [Math.floor(at), at % 1];
  const below = sorted[i]!;
  return rest === 0 ? below : below + rest * (sorted[i + 1]! - below);
}

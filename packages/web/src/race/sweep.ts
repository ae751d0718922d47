/**
 * How the end depends on the learning rate: for each rule, the same race at many rates, log-spaced. The curve is a U: too small gets nowhere, too large diverges. A
 * generator, so that a page computes it between frames and draws what there is.
 */
import { quantile, type RaceOptions } from "./race.ts";
import { Track } from "./track.ts";

export interface SweepPoint {
  /** Of the racer. */
  readonly index: number;
  readonly lr: number;
  /** Median over seeds of f at the end; +∞ where most diverged. */
  readonly value: number;
}

/** From 10⁻⁵ to 10: where the rates of all rules lie. */
export const RATES: readonly number[] = Array.from({ length: 37 }, (_, i) => 10 ** (-5 + i / 6));

/** At most this many seeds: the middle of five tells enough. */
const MOST_SEEDS = 5;

/** One point after the other, each rate for all rules before the next, from the middle outwards. */
export function* sweep(options: RaceOptions): Generator<SweepPoint> {
  const { surface, racers, start, steps, noise } = options;
  const middle = (RATES.length - 1) / 2;
  const order = RATES.toSorted(
    (a, b) => Math.abs(RATES.indexOf(a) - middle) - Math.abs(RATES.indexOf(b) - middle),
  );
  for (const lr of order) {
    for (const { index, made } of racers) {
      if (made === undefined || made.rule.hyper.lr === undefined) continue;
      const { rule, schedule } = made;
      const seeds = noise === 0 && !rule.program.noise ? 1 : Math.min(MOST_SEEDS, options.seeds);
      const ends: number[] = [];
      for (let seed = 0; seed < seeds; seed++) {
        const track = new Track({ surface, rule, schedule, start, steps, noise, seed, lr });
        while (!track.done) track.step();
        ends.push(track.diverged === "" ? track.values[track.reached]! : Number.POSITIVE_INFINITY);
      }
      yield {
        index,
        lr,
        value: quantile(
          ends.sort((a, b) => a - b),
          0.5,
        ),
      };
    }
  }
}

/**
 * Coordinate descent, as people tune by hand: vary one hyperparameter around the best values so far, keep what is better, go on with
 * the next, until nothing helps; then with half the step.
 *
 * A step about doubles or halves what is searched on a log scale (of betas, their distance from 1), goes about a tenth of the range on a linear
 * one, to the next whole number, or to another choice. About: each study has a lattice of its own, with steps up to √2 times longer or shorter, so
 * that a search that is done twice differs by what the lattice happens to hit; else the noise of tuning would seem to be nothing. The next trial follows from those that have ended: around the best of them, the nearest place
 * not yet tried, in the hyperparameter that brought the last gain first. There is no state besides the trials themselves.
 *
 * Source   Wen, Hall, Ma & Liang, arXiv:2509.02046 tune so; they accept a gain only above their noise, which is not known here.
 */
import { stream } from "@thalweg/random";
import type { Tried } from "./samplers.ts";
import { type Dimension, dimensionOrder, edgeOf, type Space, unitOf } from "./space.ts";

/** Halvings of the step before the search gives up: then a 256th of the first one is left. */
const MOST_HALVINGS = 8;
/** How far a sweep goes from the best values: one and two steps each way. */
const SWEEP = [1, -1, 2, -2] as const;

/**
 * Where the next trial lies in the unit cube, in the order of `dimensionOrder`; undefined where all that is near has been tried.
 *
 * @param tried  in the order of the trials, those included that still run; the first is where the search begins
 */
export function coordinateStep(
  space: Space,
  tried: readonly Tried[],
  studySeed: number,
): number[] | undefined {
  const order = dimensionOrder(space);
  const dimensions = order.map((name) => space[name]!);
  const places = tried.map(({ configuration }) =>
    dimensions.map((one, i) => unitOf(one, configuration[order[i]!]!)),
  );
  const { best, turned } = standing(tried, places);
  if (best === undefined) return undefined;
  for (let halving = 0; halving <= MOST_HALVINGS; halving++) {
    for (let turn = 0; turn < dimensions.length; turn++) {
      const i = (turned + turn) % dimensions.length;
      for (const next of neighbours(dimensions[i]!, best[i]!, stretchOf(studySeed, i) / 2 ** halving)) {
        const place = best.with(i, next);
        if (!places.some((other) => isNear(other, place))) return place;
      }
    }
  }
  return undefined;
}

/** The best place so far, and the first coordinate in which it differs from the best before it. */
function standing(
  tried: readonly Tried[],
  places: readonly number[][],
): { best: number[] | undefined; turned: number } {
  let least = Number.POSITIVE_INFINITY;
  let best = places[0];
  let turned = 0;
  tried.forEach(({ value = Number.POSITIVE_INFINITY }, k) => {
    if (!(value < least)) return;
    turned = Math.max(
      0,
      places[k]!.findIndex((u, i) => Math.abs(u - best![i]!) > NEAR),
    );
    least = value;
    best = places[k];
  });
  return { best, turned };
}

/** From 1/√2 to √2, the same in all trials of a study. */
const stretchOf = (studySeed: number, dimension: number): number =>
  2 ** (stream(studySeed, "coordinate step", dimension).uniform() - 0.5);

/** Places near u in one dimension, the nearest first; steps are so many times as long as usual. */
function neighbours(dimension: Dimension, u: number, times: number): number[] {
  if (dimension.type === "categorical") {
    const count = dimension.choices.length;
    const here = Math.min(count - 1, Math.floor(u * count));
    return Array.from({ length: count - 1 }, (_, i) => (((here + i + 1) % count) + 0.5) / count);
  }
  if (dimension.type === "int" && !dimension.log) {
    const width = edgeOf(dimension, dimension.low + 1);
    return SWEEP.map((count) => u + count * width).filter(isInside);
  }
  const step = stepOf(dimension) * times;
  return SWEEP.map((count) => u + count * step).filter(isInside);
}

/** A doubling, or a tenth of a linear range, as a share of the unit interval. */
function stepOf(dimension: Exclude<Dimension, { type: "categorical" }>): number {
  const { low, high, log } = dimension;
  if (dimension.type === "int") return Math.LN2 / Math.log((high + 1) / low);
  const { oneMinus, orZero = 0 } = dimension;
  const doubling = oneMinus ? (1 - low) / (1 - high) : log ? high / low : undefined;
  return (1 - orZero) * (doubling === undefined ? 0.1 : Math.LN2 / Math.log(doubling));
}

const NEAR = 1e-9;
const isInside = (u: number): boolean => u >= 0 && u <= 1;
const isNear = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((u, i) => Math.abs(u - b[i]!) <= NEAR);

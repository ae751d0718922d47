/**
 * Grids: the full factorial of a few levels per dimension, ends included, counted in mixed radix with `lr` running fastest.
 *
 * A dimension with `levels` has so many, choices are levels themselves, and all others share what the budget leaves, equally many each. DeepOBS
 * tunes by 36 learning rates from 1e−5 to 1e2, `{ lr: { low: 1e-5, high: 1e2, log: true, levels: 36 } }`: 10^(−5 + 7i/35).
 */
import type { Place } from "./samplers.ts";
import { dimensionOrder, type Space } from "./space.ts";

/** Most levels per dimension whose full grid fits the budget; of no dimension, 1. */
export function gridLevels(budget: number, dimensions: number): number {
  let levels = 1;
  while (dimensions > 0 && (levels + 1) ** dimensions <= budget) levels += 1;
  return levels;
}

/**
 * Levels of each dimension, in the order of `dimensionOrder`.
 *
 * Errors    RangeError where the levels that the space asks for need more trials than there are.
 */
export function levelsOf(space: Space, budget: number): number[] {
  const own = dimensionOrder(space).map((name) => {
    const dimension = space[name]!;
    return dimension.type === "categorical" ? dimension.choices.length : dimension.levels;
  });
  const asked = own.reduce<number>((product, levels = 1) => product * levels, 1);
  if (asked > budget) {
    const shown = own.filter((levels) => levels !== undefined).join(" × ");
    throw new RangeError(
      `Cannot lay a grid as its ${shown} points must fit the trials: there are ${budget}; ask for ${asked} trials, or for fewer levels`,
    );
  }
  const open = own.filter((levels) => levels === undefined).length;
  const shared = gridLevels(Math.floor(budget / asked), open);
  return own.map((levels) => levels ?? shared);
}

/** The coordinate of a grid's point. A budget beyond the last point begins again with the first. */
export function gridPlace({ trial, dimension, dimensions, budget, levels }: Place): number {
  const counts = levels ?? new Array<number>(dimensions).fill(gridLevels(budget, dimensions));
  const before = counts.slice(0, dimension).reduce((product, count) => product * count, 1);
  const count = counts[dimension]!;
  return count === 1 ? 0.5 : (Math.floor(trial / before) % count) / (count - 1);
}

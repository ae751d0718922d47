/**
 * Pattern search: try points of a grid around the best one; where none is lower, make the grid finer. No slope is ever estimated, only
 * values compared, so that a function may have noise, steps or kinks below the size of the grid.
 */
import { brief } from "../brief.ts";
import { finished, method, type Steps, valueAt, valuesAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { fraction, positive } from "../options.ts";
import { distance } from "../vectors.ts";

const GRID = {
  first: positive(0.5, "the first distance of neighbours"),
  shrink: fraction(0.5, "what it is multiplied by where no neighbour is lower"),
  tolerance: positive(1e-9, "the distance of neighbours at which to end"),
};

const fine = (tolerance: number) =>
  ({
    reason: "step below tolerance",
    detail: `no neighbour at a distance of ${brief(tolerance)} is lower`,
  }) as const;

/**
 * Compass search: the best of the 2n neighbours x ± δeᵢ, all evaluated in one batch.
 *
 * Source  Kolda, Lewis & Torczon, SIAM Review 45 (2003) 385–482, §1.1 and figure 1.1 ("compass search").
 */
export const compassSearch = method({
  name: "compass-search",
  family: "zero-order",
  summary: "Goes to the best of the 2n neighbours along the axes, or halves their distance.",
  source: "Kolda, Lewis & Torczon, SIAM Review 45 (2003) 385–482; Fermi & Metropolis 1952",
  needs: [],
  options: GRID,
  *run({ start, dimension: n }, { first, shrink, tolerance }) {
    let x = start;
    let value = yield* valueAt(x);
    yield* finished({ point: x, value });
    for (let delta = first; ; ) {
      const neighbours = Array.from({ length: 2 * n }, (_, k) => {
        const point = x.slice();
        point[k >> 1]! += k % 2 === 0 ? delta : -delta;
        return point;
      });
      const values = yield* valuesAt(neighbours);
      const least = values.reduce((best, one, k) => (one < values[best]! ? k : best), 0);
      if (values[least]! < value) {
        x = neighbours[least]!;
        value = values[least]!;
      } else {
        if (delta <= tolerance) return fine(delta);
        delta *= shrink;
      }
      yield* finished({ point: x, value, stepLength: delta });
    }
  },
});

/**
 * Hooke and Jeeves: explore coordinate by coordinate from the best point, and when that was lower, first leap as far again the same way.
 *
 *   explore   for each i in turn: x + δeᵢ if lower, else x − δeᵢ if lower
 *   leap      explore from base + (base − previous base); keep it if it is lower than base
 *
 * Source  Hooke & Jeeves, J. ACM 8 (1961) 212–229.
 */
export const hookeJeeves = method({
  name: "hooke-jeeves",
  family: "zero-order",
  summary: "Explores along the axes and leaps on in the direction that helped.",
  source: "Hooke & Jeeves, J. ACM 8 (1961) 212–229",
  needs: [],
  options: GRID,
  *run({ start, dimension: n }, { first, shrink, tolerance }) {
    let base = start;
    let value = yield* valueAt(base);
    yield* finished({ point: base, value });
    for (let delta = first; ; ) {
      const explored = yield* explore(base, value, delta);
      if (!(explored.value < value)) {
        if (delta <= tolerance) return fine(delta);
        delta *= shrink;
        yield* finished({ point: base, value, stepLength: delta });
        continue;
      }
      let previous = base;
      ({ point: base, value } = explored);
      yield* finished({ point: base, value, stepLength: distance(base, previous) });
      for (;;) {
        const ahead = base.map((one, i) => 2 * one - previous[i]!);
        const leapt = yield* explore(ahead, yield* valueAt(ahead), delta);
        if (!(leapt.value < value)) break;
        previous = base;
        ({ point: base, value } = leapt);
        yield* finished({ point: base, value, stepLength: distance(base, previous) });
      }
    }

    function* explore(from: Vector, at: number, delta: number): Steps<{ point: Vector; value: number }> {
      const point = from.slice();
      let least = at;
      for (let i = 0; i < n; i++) {
        const here = point[i]!;
        for (const there of [here + delta, here - delta]) {
          point[i] = there;
          const reached = yield* valueAt(point);
          if (reached < least) {
            least = reached;
            break;
          }
          point[i] = here;
        }
      }
      return { point, value: least };
    }
  },
});

/**
 * A whole grid on few examples, corrected by a coarse grid on many:
 *
 *   L̂(c) = L_n(c) + I[ L_N − L_n ](c)
 *
 * n examples are the first of the N, so what they share cancels in the difference, which is small and smooth: a coarse grid holds it, and I
 * interpolates. Of 51×51 points on 1 000 of 10 000 examples with 11×11 on all of them, a seventh of the work is left.
 *
 * The bar is the root mean square of L_N − L_n over the coarse grid: how wrong heights of n examples are. What is left of it after the
 * correction is less, as far as the difference is smooth.
 */
import { coordinates, type Grid, type Tile, tilesOf } from "./grid.ts";
import { interpolator } from "./interpolate.ts";
import type { Surface } from "./surface.ts";

export interface TwoLevelPlan {
  /** Chunks that the whole grid is evaluated on; the others only the coarse one is. */
  readonly chunks: number;
  /** Places along x and y of the coarse grid, the ends among them. */
  readonly columns: readonly number[];
  readonly rows: readonly number[];
}

/** Points of the coarse grid along an axis, about. */
const COARSE = 9;

/** A coarse grid of about nine points along each axis, and that of all on the first chunks. */
export function twoLevelPlan(grid: Grid, chunks: number): TwoLevelPlan {
  const [columns, rows = [0]] = grid.map(({ points }) => {
    const count = Math.min(COARSE, points);
    return Array.from({ length: count }, (_, k) => Math.round((k * (points - 1)) / (count - 1)));
  });
  return { chunks, columns: columns!, rows };
}

/** The tiles of both levels, in the order in which they should be done: all of the first, then the coarse grid's rows. */
export function twoLevelTiles(grid: Grid, chunks: number, plan: TwoLevelPlan, widest?: number): Tile[] {
  const further = Array.from({ length: chunks - plan.chunks }, (_, k) => plan.chunks + k);
  return [
    ...tilesOf(grid, plan.chunks, widest),
    ...further.flatMap((chunk) => plan.rows.map((row) => ({ chunk, row, columns: plan.columns }))),
  ];
}

export interface Corrected {
  /** L̂ for each point. */
  readonly values: Float64Array;
  /** Root mean square of the correction at the coarse grid's points. */
  readonly bar: number;
}

/** The corrected mean of a measure, once both levels are evaluated. */
export function correctedMean(surface: Surface, measure: string, plan: TwoLevelPlan): Corrected {
  const { grid } = surface.form;
  const few = surface.mean(measure, plan.chunks);
  const all = surface.mean(measure);
  const width = grid[0].points;
  const places = plan.rows.flatMap((row) => plan.columns.map((column) => row * width + column));
  const residuals = Float64Array.from(places, (at) => all[at]! - few[at]!);
  const [x, y = new Float64Array(0)] = grid.map(coordinates);
  const at = (axis: Float64Array, chosen: readonly number[]) =>
    Float64Array.from(chosen, (place) => axis[place]!);
  const between = interpolator(at(x!, plan.columns), y.length === 0 ? y : at(y, plan.rows), residuals);
  return {
    values: few.map((value, point) => value + between(x![point % width]!, y[Math.floor(point / width)] ?? 0)),
    bar: Math.sqrt(residuals.reduce((sum, r) => sum + r * r, 0) / residuals.length),
  };
}

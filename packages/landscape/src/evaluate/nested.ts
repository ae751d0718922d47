/**
 * A grid from coarse to fine: on each level the places along an axis that are multiples of its stride, and the last one, so that every level
 * spans the whole rectangle and holds all points of the one before. What is not measured on a level follows from the level before by
 * interpolation, and so on: a grid of which some points are measured, the coarsest level's all, becomes one that is full.
 */
import { columnsOf, coordinates, type Grid, pointsOf, rowsOf } from "./grid.ts";
import { interpolator } from "./interpolate.ts";

/** Places of one level. */
export interface Level {
  readonly stride: number;
  readonly columns: readonly number[];
  readonly rows: readonly number[];
}

/** Levels from the stride given down to 1, each half the one before; strides must be powers of two. */
export function levelsFrom(grid: Grid, stride: number): Level[] {
  const levels: Level[] = [];
  for (let step = stride; step >= 1; step /= 2) {
    levels.push({
      stride: step,
      columns: placesOf(columnsOf(grid), step),
      rows: placesOf(rowsOf(grid), step),
    });
  }
  return levels;
}

function placesOf(points: number, stride: number): number[] {
  const places = Array.from({ length: Math.ceil(points / stride) }, (_, k) => k * stride);
  if (places.at(-1) !== points - 1) places.push(points - 1);
  return places;
}

/** Points of a level, x fastest. */
export const pointsOn = (grid: Grid, { columns, rows }: Level): number[] =>
  rows.flatMap((row) => columns.map((column) => row * columnsOf(grid) + column));

/** What a level says of any point of the grid, by interpolation between its own. */
export function predictor(
  grid: Grid,
  { columns, rows }: Level,
  values: Float64Array,
): (point: number) => number {
  const [x, y = new Float64Array(0)] = grid.map(coordinates) as [Float64Array, Float64Array?];
  const width = columnsOf(grid);
  const pick = (axis: Float64Array, places: readonly number[]) =>
    Float64Array.from(places, (place) => axis[place]!);
  const own = Float64Array.from(
    rows.flatMap((row) => columns.map((column) => values[row * width + column]!)),
  );
  const between = interpolator(pick(x, columns), y.length === 0 ? y : pick(y, rows), own);
  return (point) => between(x[point % width]!, y[Math.floor(point / width)] ?? 0);
}

/** The full grid, from the points that are measured; the first level's must be. */
export function filled(
  grid: Grid,
  levels: readonly Level[],
  isMeasured: (point: number) => boolean,
  measured: Float64Array,
): Float64Array {
  const values = new Float64Array(pointsOf(grid)).fill(Number.NaN);
  levels.forEach((level, k) => {
    const before = levels[k - 1];
    const predict = before && predictor(grid, before, values);
    const known = before === undefined ? new Set<number>() : new Set(pointsOn(grid, before));
    for (const point of pointsOn(grid, level)) {
      if (known.has(point)) continue;
      values[point] = isMeasured(point) || predict === undefined ? measured[point]! : predict(point);
    }
  });
  return values;
}

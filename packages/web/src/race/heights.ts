/**
 * A surface sampled on a grid, and the scale on which its heights are shown: by equal factors above the least value, as a flat valley and steep walls should both
 * be seen; by equal steps where all values are of one size.
 */
import type { Pair, Surface } from "./surface.ts";

export interface Box {
  readonly x: Pair;
  readonly y: Pair;
}

export interface Heights {
  readonly box: Box;
  readonly columns: number;
  readonly rows: number;
  /** On the scale, row by row from the lowest y; NaN where f is no number. */
  readonly levels: Float64Array;
  /** How many contours there are between the lowest and the highest level. */
  readonly count: number;
  /** A value of f on the scale: 0 to count, beyond for what is outside. */
  readonly toLevel: (value: number) => number;
}

const COUNT = 18;

/** `decades`: how many, from the highest value down, have contours of their own where heights are shown by factors. */
export function sampleHeights(
  surface: Surface,
  box: Box,
  columns: number,
  rows: number,
  decades = 5,
): Heights {
  const values = new Float64Array(columns * rows);
  for (let j = 0; j < rows; j++) {
    const y = box.y[0] + ((box.y[1] - box.y[0]) * j) / (rows - 1);
    for (let i = 0; i < columns; i++) {
      const x = box.x[0] + ((box.x[1] - box.x[0]) * i) / (columns - 1);
      values[j * columns + i] = surface.value(x, y);
    }
  }
  const { count, toLevel } = scaleOf(surface, values, decades);
  return { box, columns, rows, levels: values.map(toLevel), count, toLevel };
}

function scaleOf(
  { least, view }: Surface,
  values: Float64Array,
  decades: number,
): Pick<Heights, "count" | "toLevel"> {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high && value < Number.POSITIVE_INFINITY) high = value;
  }
  const span = high - low || 1;
  if (least === undefined || view.levels === "even") {
    return { count: COUNT, toLevel: (value) => (COUNT * (value - low)) / span };
  }
  const top = Math.log10(high - least);
  const step = decades / COUNT;
  const bottom = top - decades;
  return {
    count: COUNT,
    toLevel: (value) => Math.max(-1, (Math.log10(Math.max(value - least, 0)) - bottom) / step),
  };
}

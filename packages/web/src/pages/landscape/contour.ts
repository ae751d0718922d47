/** Contours of a surface as polygons in the unit square, y upwards: what maps on the screen and in SVG files are both drawn from. */
import { contours } from "d3-contour";
import type { HeightField } from "./height-field.ts";
import type { HeightScale } from "./height-scale.ts";

export interface Layer {
  /** In [0, 1]. */
  readonly level: number;
  /** Polygons of rings of points. */
  readonly polygons: readonly (readonly (readonly [number, number])[])[][];
}

/** Layers from the lowest, each what is at its level or above; the first is all that is known. */
export function layersOf(
  { x, y }: HeightField,
  heights: Float64Array,
  scale: HeightScale,
  count: number,
): Layer[] {
  const levels = Float64Array.from(heights, scale.toLevel);
  const [columns, rows] = [x.length, y.length];
  const thresholds = Array.from({ length: count }, (_, k) => k / count);
  const values = Array.from(levels, (level) => (Number.isNaN(level) ? -1 : level));
  return contours()
    .size([columns, rows])
    .thresholds(thresholds.map((level, k) => (k === 0 ? -1e-9 : level)))(values)
    .map(({ coordinates }, k) => ({
      level: thresholds[k]!,
      // d3 puts the value of a point in the middle of a square: points are half a square in
      polygons: coordinates.map((polygon) =>
        polygon.map((ring) =>
          ring.map((point) => [unit(point[0]!, columns), unit(point[1]!, rows)] as const),
        ),
      ),
    }));
}

/** The outermost half square belongs to the outermost points. */
const unit = (place: number, count: number) => Math.min(1, Math.max(0, (place - 0.5) / (count - 1)));

/** Cells of which a corner is not known or not finite, as corners of rectangles in the unit square. */
export function unknownCells(
  { x, y }: HeightField,
  heights: Float64Array,
): [number, number, number, number][] {
  const cells: [number, number, number, number][] = [];
  const [columns, rows] = [x.length, y.length];
  for (let j = 0; j + 1 < rows; j++) {
    for (let i = 0; i + 1 < columns; i++) {
      const at = j * columns + i;
      if ([at, at + 1, at + columns, at + columns + 1].every((corner) => Number.isFinite(heights[corner])))
        continue;
      cells.push([i / (columns - 1), j / (rows - 1), 1 / (columns - 1), 1 / (rows - 1)]);
    }
  }
  return cells;
}

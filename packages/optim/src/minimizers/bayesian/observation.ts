/**
 * What Bayesian methods see: points of the unit cube that were tried, and what came of them.
 *
 * A suggester is a pure function of the history and a stream of random numbers: it keeps nothing between calls, so that a study that
 * is read back from disk goes on exactly as if it had never stopped. The cube's axes say which coordinates are continuous and which are
 * cut into cells; whoever asks maps the cube to values.
 */
import type { Stream } from "@thalweg/random";

/**
 * One coordinate of the cube. `ordered` is cut at `edges`, which rise from 0 to 1: all points of a cell mean the same value, and
 * neighbours are alike. `choices` is cut into that many equal cells, with no order between them.
 */
export type Axis =
  | { readonly kind: "continuous" }
  | { readonly kind: "ordered"; readonly edges: readonly number[] }
  | { readonly kind: "choices"; readonly count: number };

export const CONTINUOUS: Axis = { kind: "continuous" };

/** Whole numbers or other ordered values with equal shares of [0, 1]. */
export const equalCells = (count: number): Axis => ({
  kind: "ordered",
  edges: Array.from({ length: count + 1 }, (_, i) => i / count),
});

/** A point that was tried, oldest first in a history. */
export interface Observation {
  readonly point: Float64Array;
  /** What is minimised; ∞ for what failed; undefined while it runs. */
  readonly value: number | undefined;
}

export interface Suggester {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** The next point to try. Pure: the same history and stream give the same point. */
  suggest(axes: readonly Axis[], history: readonly Observation[], random: Stream): Float64Array;
}

/** A point drawn uniformly, at the middle of its cell where an axis has cells. */
export const uniformPoint = (axes: readonly Axis[], random: Stream): Float64Array =>
  Float64Array.from(axes, (axis) => snap(axis, random.uniform()));

/** The cell of an axis that holds u. */
export function cellOf(axis: Exclude<Axis, { kind: "continuous" }>, u: number): number {
  if (axis.kind === "choices") return Math.min(axis.count - 1, Math.floor(u * axis.count));
  let cell = 0;
  while (cell < axis.edges.length - 2 && u >= axis.edges[cell + 1]!) cell += 1;
  return cell;
}

/** The middle of a cell. */
export const middleOf = (axis: Exclude<Axis, { kind: "continuous" }>, cell: number): number =>
  axis.kind === "choices" ? (cell + 0.5) / axis.count : (axis.edges[cell]! + axis.edges[cell + 1]!) / 2;

/** Number of cells. */
export const cellCount = (axis: Exclude<Axis, { kind: "continuous" }>): number =>
  axis.kind === "choices" ? axis.count : axis.edges.length - 1;

/** u itself on a continuous axis, the middle of its cell on others. */
export const snap = (axis: Axis, u: number): number =>
  axis.kind === "continuous" ? u : middleOf(axis, cellOf(axis, u));

/** Raises RangeError for a history that does not fit the axes, or has NaN in it. */
export function checkHistory(axes: readonly Axis[], history: readonly Observation[]): void {
  for (const [i, { point, value }] of history.entries()) {
    if (point.length !== axes.length) {
      throw new RangeError(
        `Cannot suggest a point as every point of the history must have ${axes.length} coordinates, one per axis: point ${i} has ${point.length}`,
      );
    }
    const outside = point.findIndex((u) => !(u >= 0 && u <= 1));
    if (outside >= 0) {
      throw new RangeError(
        `Cannot suggest a point as points must lie in the unit cube: coordinate ${outside} of point ${i} is ${point[outside]}; scale it by its bounds first`,
      );
    }
    if (Number.isNaN(value)) {
      throw new RangeError(
        `Cannot suggest a point as values must be numbers: that of point ${i} is NaN; give a failure the value Infinity`,
      );
    }
  }
}

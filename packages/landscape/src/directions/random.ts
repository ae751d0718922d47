/**
 * Random directions: normal numbers, then a length by `normalizeDirection`. Each tensor's numbers are a function of the seed, the
 * tensor's name and the axis, so they are the same whatever other layers there are and whoever draws them.
 */
import { stream } from "@thalweg/random";
import { segmentOf } from "@thalweg/train";
import type { FilterSegment, ParameterLayout } from "./layout.ts";
import { type NormalizeOptions, normalizeDirection, type ZeroPieces } from "./normalize.ts";

export interface RandomOptions extends NormalizeOptions {
  readonly seed: number;
  /** Which axis: directions of one seed are independent. */
  readonly axis?: number;
  /** Whether biases, and scales and shifts of normalisation, stand still: true by default, as in Li et al.'s figures. */
  readonly freezeVectors?: boolean;
  /** Which tensors move; all by default. */
  readonly moves?: (segment: FilterSegment) => boolean;
}

export interface Direction {
  readonly values: Float32Array;
  readonly zero: ZeroPieces;
}

/** Draw one. Raises RangeError where no tensor is left to move. */
export function randomDirection(
  weights: Float32Array,
  layout: ParameterLayout,
  options: RandomOptions,
): Direction {
  const { seed, axis = 0 } = options;
  const values = new Float32Array(layout.size);
  const moved = layout.segments.filter(movesIn(options));
  if (moved.length === 0) {
    const names = layout.segments.map(({ name, shape }) => `${name} [${shape}]`).join(", ");
    throw new RangeError(
      `Cannot draw a direction as some tensor must move: none of ${names} does; let vectors move, or choose other layers`,
    );
  }
  for (const segment of moved) {
    stream(seed, `direction/${segment.name}`, axis).fillNormal(segmentOf(values, segment));
  }
  const zero = normalizeDirection(values, weights, layout, options);
  return { values, zero };
}

/** Whether a segment moves, by the options. */
export const movesIn =
  ({ freezeVectors = true, moves = () => true }: Pick<RandomOptions, "freezeVectors" | "moves">) =>
  (segment: FilterSegment): boolean =>
    (segment.shape.length > 1 || !freezeVectors) && moves(segment);

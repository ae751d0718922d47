/**
 * What a step did to each tensor, and how its numbers are spread. Ratios ‖Δθ‖ / ‖θ‖ near 1e-3 are the usual rule of thumb; a unit is idle
 * in a step when none of its incoming weights has a gradient, as behind a ReLU that no example of the batch turns on.
 */

import { norm } from "@thalweg/optim";
import { segmentOf } from "@thalweg/train";
import { type FilterSegment, forEachFilter } from "../directions/layout.ts";

export interface TensorStep {
  /** ‖θ‖ before the step */
  readonly weight: number;
  /** ‖g‖ */
  readonly gradient: number;
  /** ‖Δθ‖ */
  readonly update: number;
  /** ‖Δθ‖ / ‖θ‖; NaN for a tensor of zeros. */
  readonly ratio: number;
  /** Share of the tensor's units whose gradient is zero throughout; left out where a tensor has none. */
  readonly idle?: number;
}

/** By tensor. */
export function tensorSteps(
  segments: readonly FilterSegment[],
  { before, after, gradients }: Readonly<Record<"before" | "after" | "gradients", Float32Array>>,
): Record<string, TensorStep> {
  return Object.fromEntries(
    segments.map((segment) => {
      const [from, to, g] = [before, after, gradients].map((vector) => segmentOf(vector, segment)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      let square = 0;
      for (let i = 0; i < from.length; i++) square += (to[i]! - from[i]!) ** 2;
      const [weight, update] = [norm(from), Math.sqrt(square)];
      const ratio = weight === 0 ? Number.NaN : update / weight;
      const idle = segment.filterAxes.length > 0 ? { idle: idleShare(segment, g) } : {};
      return [segment.name, { weight, gradient: norm(g), update, ratio, ...idle }];
    }),
  );
}

function idleShare(segment: FilterSegment, gradient: Float32Array): number {
  let [idle, units] = [0, 0];
  forEachFilter(segment, (places) => {
    units++;
    if (places.every((place) => gradient[place] === 0)) idle++;
  });
  return idle / units;
}

/**
 * Sizes of numbers in octaves: how many are zero, and how many lie in ±[2^k, 2^(k+1)) for k = −40 … 10, the first and last with what is
 * beyond. By the exponent that a float32 carries, at the cost of a look at each number.
 */
export interface Magnitudes {
  readonly zero: number;
  readonly octaves: readonly number[];
  readonly notFinite: number;
}

const [LEAST, MOST] = [-40, 10];
/** Of a float32: its exponent is that of 1.0 plus 127, and 255 stands for what is no finite number. */
const [BIAS, NOT_FINITE] = [127, 255];

export function magnitudes(values: Float32Array): Magnitudes {
  const octaves = new Array<number>(MOST - LEAST + 1).fill(0);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let [zero, notFinite] = [0, 0];
  for (const word of bits) {
    const exponent = (word >>> 23) & 255; // after the sign
    if (exponent === NOT_FINITE) notFinite++;
    else if ((word & 0x7fffffff) === 0) zero++;
    else octaves[Math.min(MOST, Math.max(LEAST, exponent - BIAS)) - LEAST]!++;
  }
  return { zero, octaves, notFinite };
}

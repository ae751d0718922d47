/**
 * What a plane would look like if the loss were a parabola: one gradient and a product with the Hessian for each direction, some fifteen passes
 * over the data instead of thousands.
 *
 *   T(c) = L₀ + Σ c_k ⟨g, v_k⟩ + ½ Σ c_k c_l ⟨v_k, H v_l⟩
 *
 * A first picture while the real one is measured; beside it, a measure of how far from a parabola the loss is.
 */

import { dot } from "@thalweg/optim";
import { columnsOf, type Grid, placeOf, pointsOf } from "../evaluate/grid.ts";
import type { AffineFamily } from "../families/affine.ts";
import type { SampledLoss } from "./sampled-loss.ts";

export interface TaylorPlane {
  /** L₀ */
  readonly value: number;
  /** ⟨g, v_k⟩ */
  readonly slopes: readonly number[];
  /** ⟨v_k, H v_l⟩ */
  readonly curvatures: readonly (readonly number[])[];
}

/** Measure it at the family's origin; θ is afterwards what it was. Raises RangeError for a family of another model. */
export async function taylorPlane(loss: SampledLoss, family: AffineFamily): Promise<TaylorPlane> {
  const { origin, basis } = family;
  const { parameters } = loss.vector;
  if (origin.length !== parameters.length) {
    throw new RangeError(
      `Cannot expand the loss on the plane as it must lie in the model's ${parameters.length} dimensions: it lies in ${origin.length}`,
    );
  }
  const theta = parameters.slice();
  parameters.set(origin);
  try {
    const into = new Float64Array(origin.length);
    const value = await loss.gradient(into);
    const slopes = basis.map((v) => dot(into, v));
    const operator = loss.hessian();
    const curvatures: number[][] = [];
    for (const v of basis) {
      await operator.apply(v, into);
      curvatures.push(basis.map((w) => dot(into, w)));
    }
    return { value, slopes, curvatures };
  } finally {
    parameters.set(theta);
  }
}

/** T(c) */
export function taylorAt({ value, slopes, curvatures }: TaylorPlane, c: readonly number[]): number {
  let height = value;
  for (const [k, ck] of c.entries()) {
    height += ck * slopes[k]!;
    for (const [l, cl] of c.entries()) height += 0.5 * ck * cl * curvatures[k]![l]!;
  }
  return height;
}

/** T at every point of a grid, x fastest. */
export const taylorHeights = (plane: TaylorPlane, grid: Grid): Float64Array =>
  Float64Array.from({ length: pointsOf(grid) }, (_, point) => {
    const width = columnsOf(grid);
    return taylorAt(plane, placeOf(grid, Math.floor(point / width), point % width));
  });

/** ‖L − T‖ / ‖L − L₀‖ over the points where L is finite: 0 for a parabola. */
export function nonQuadraticity(heights: Float64Array, parabola: Float64Array, value: number): number {
  let [off, rise] = [0, 0];
  heights.forEach((height, point) => {
    if (!Number.isFinite(height)) return;
    off += (height - parabola[point]!) ** 2;
    rise += (height - value) ** 2;
  });
  return Math.sqrt(off / rise);
}

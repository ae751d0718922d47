/**
 * How the gradient lies to the curvature. Most of a gradient soon lies in the few directions of largest curvature, where a step gains
 * little; the rest, small as it is, lies along the valley.
 *
 * Source  Gur-Ari, Roberts & Dyer, "Gradient descent happens in a tiny subspace", arXiv:1812.04754, equation 3.
 */

import { dot, norm } from "@thalweg/optim";
import { type CurvatureOperator, requireLength } from "./operator.ts";

export interface Overlap {
  /** ‖Vₖᵀg‖² / ‖g‖² for the first 1, 2, … vectors: shares of the gradient's square. */
  readonly shares: readonly number[];
  /** gᵀAg / gᵀg, the curvature along the gradient. */
  readonly curvature: number;
  /** Of the angle between g and Ag: 1 where the gradient is an eigenvector. */
  readonly cosine: number;
}

/** With orthonormal vectors, as `eigenpairs` gives them; by one product. All is NaN where the gradient is zero. */
export async function gradientOverlap(
  operator: CurvatureOperator,
  gradient: Float32Array | Float64Array,
  vectors: readonly Float32Array[],
): Promise<Overlap> {
  requireLength("measure the overlap of a gradient", gradient, operator.dimension);
  const square = dot(gradient, gradient);
  let sum = 0;
  const shares = vectors.map((v) => {
    sum += dot(v, gradient) ** 2;
    return sum / square;
  });
  const direction = Float32Array.from(gradient, (g) => g / Math.sqrt(square)); // of length one: products of tiny vectors lose digits
  const product = new Float64Array(operator.dimension);
  await operator.apply(direction, product);
  const curvature = dot(direction, product);
  return { shares, curvature, cosine: curvature / norm(product) };
}

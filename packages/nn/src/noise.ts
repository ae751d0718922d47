/** Chance inside a graph: the host feeds uniform numbers, and what is not uniform is made of them. */
import { cos, log, mul, reshape, slice, sqrt, sub, type Tensor } from "@thalweg/graph";
import type { Context } from "./module.ts";

/**
 * Standard normal numbers, fresh for every run, by Box and Muller's transform of two uniform ones each:
 *
 *   z = √(−2 ln(1 − u)) cos 2πv           1 − u is in (0, 1], so the logarithm is finite
 *
 * Accuracy  u has 24 bits, so |z| ≤ 5.8; beyond it lie 7 of 10⁹ normal numbers.
 * Source    Box & Muller, Ann. Math. Statist. 29, 1958.
 */
export const normalNoise = (context: Context, name: string, shape: readonly number[]): Tensor =>
  normalOf(context.noise(name, [2, ...shape]));

/** The same of uniform numbers [2, …shape] that come from elsewhere. */
export function normalOf(uniform: Tensor): Tensor {
  const shape = uniform.shape.slice(1);
  const part = (k: number) => reshape(slice(uniform, [k], [k + 1], [0]), shape);
  return mul(sqrt(mul(log(sub(1, part(0))), -2)), cos(mul(part(1), 2 * Math.PI)));
}

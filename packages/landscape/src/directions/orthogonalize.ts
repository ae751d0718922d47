/** Angles of flat vectors, and directions at right angles that keep the lengths of their filters. */
import { dot, norm } from "@thalweg/optim";
import type { ParameterLayout } from "./layout.ts";
import { type NormalizeOptions, normalizeDirection } from "./normalize.ts";

/** Of the angle between two vectors; NaN where one is zero. */
export const cosine = (a: Float32Array, b: Float32Array): number => dot(a, b) / (norm(a) * norm(b));

/** Take away from `a` what points along `b`:  a ← a − b ⟨a, b⟩ / ⟨b, b⟩. */
export function removeComponent(a: Float32Array, b: Float32Array): void {
  const share = dot(a, b) / dot(b, b);
  for (let i = 0; i < a.length; i++) a[i]! -= share * b[i]!;
}

/** Alternations of the two projections: the cosine falls by an order of magnitude or more in each. */
const ROUNDS = 5;

/**
 * Turn `second` until it is at right angles to `first` and its pieces have the lengths of the weights', by turns: orthogonalising
 * alone would change the lengths, and normalising once more the angle.
 *
 * @returns the cosine that is left
 */
export function orthogonalize(
  second: Float32Array,
  first: Float32Array,
  weights: Float32Array,
  layout: ParameterLayout,
  options: NormalizeOptions,
): number {
  for (let round = 0; round < ROUNDS; round++) {
    removeComponent(second, first);
    normalizeDirection(second, weights, layout, options.norm === "weight" ? { norm: "none" } : options);
  }
  return cosine(first, second);
}

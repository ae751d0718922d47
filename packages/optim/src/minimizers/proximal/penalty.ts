/**
 * What a proximal method knows of the part of a function that has no gradient: its value, and its proximal step.
 *
 *   prox_{s g}(x) = argmin_u g(u) + ‖u − x‖² / (2 s)
 *
 * A constraint is a penalty that is 0 inside its set and ∞ outside; its proximal step is the projection, whatever s. Every
 * entry of `penalties.ts` has this one silhouette, so that a method neither knows nor asks which it has. Steps write where they
 * are told and may do so in place.
 *
 * Source  Parikh & Boyd, "Proximal Algorithms", Foundations and Trends in Optimization 1(3), 2014.
 */
import type { Nonsmooth, Vector } from "../objective.ts";

export interface Penalty extends Nonsmooth {
  readonly name: string;
  /** For text and titles, such as `λ‖x‖₁`. */
  readonly formula: string;
  /** prox_{s g}(x) into `out`, which may be `x`, and which is returned. */
  readonly prox: (x: Vector, s: number, out: Vector) => Vector;
}

/** The trivial member: g = 0, whose step stays where it is. Proximal methods with it are gradient methods. */
export const none: Penalty = {
  name: "none",
  formula: "0",
  value: () => 0,
  prox: (x, _, out) => copyInto(out, x),
};

/** `from` into `out`, unless they are the same. */
export function copyInto(out: Float64Array, from: Float64Array): Float64Array {
  if (out !== from) out.set(from);
  return out;
}

/** How far outside its set a point may lie by rounding and still count as inside: in units of the set's own size. */
export const ROUNDING = 1e-9;

export const insideOrInfinite = (inside: boolean): number => (inside ? 0 : Number.POSITIVE_INFINITY);

/** Raises RangeError where a penalty's number cannot be. NaN fails every test. */
export function checkPenalty(name: string, what: string, value: number, holds: boolean, must: string): void {
  if (holds) return;
  throw new RangeError(`Cannot build ${name} as ${what} must be ${must}: current value is ${value}`);
}

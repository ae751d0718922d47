/**
 * Armijo's line search: halve the step until the value falls by a share of what the slope promises.
 *
 *   f(x + αd) ≤ f(x) + c α ∇f(x)ᵀd      α ← shrink·α otherwise
 *
 * Source: Nocedal & Wright, Numerical Optimization, 2nd ed., Algorithm 3.1.
 */
import { type Steps, smoothAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { isRounding, move } from "../vectors.ts";
import type { Found, Line } from "./line.ts";

export interface Armijo {
  /** The first step tried. */
  readonly first: number;
  /** c, the share of the promised decrease. */
  readonly decrease: number;
  readonly shrink: number;
}

/** A step that much shorter than the first moves x by less than its last bit, with halving. */
const MOST_TRIALS = 60;

/** The step and the value there, with x + αd in `into`; undefined when no step is short enough. */
export function* backtrack(
  { x, f, d, slope }: Line,
  { first, decrease, shrink }: Armijo,
  into: Vector,
): Steps<Found | undefined> {
  let step = first;
  for (let trial = 0; trial < MOST_TRIALS; trial++) {
    move(x, step, d, into);
    const there = yield* smoothAt(into);
    if (there <= f + decrease * step * slope) {
      return there === f && isRounding(step, d, x) ? undefined : { step, f: there };
    }
    step *= shrink;
  }
  return undefined;
}

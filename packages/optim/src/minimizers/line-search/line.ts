/** What line searches have in common: where they look, and what they give back. */
import { gradientAt, type Steps } from "../method.ts";
import type { Vector } from "../objective.ts";
import { dot, move } from "../vectors.ts";

export interface Line {
  readonly x: Vector;
  /** f(x) */
  readonly f: number;
  /** A direction of descent. */
  readonly d: Vector;
  /** ∇f(x)ᵀd, negative. */
  readonly slope: number;
}

/** A point on the line that a search has accepted. */
export interface Found {
  readonly step: number;
  readonly f: number;
}

/** Where a search leaves the point that it accepts, and the gradient there. */
export interface Place {
  readonly x: Vector;
  readonly g: Vector;
}

/** f and slope at x + step·d, which is left in `place`. */
export function* lookAlong({ x, d }: Line, step: number, place: Place): Steps<{ f: number; slope: number }> {
  move(x, step, d, place.x);
  const f = yield* gradientAt(place.x, place.g);
  return { f, slope: f === Number.POSITIVE_INFINITY ? Number.NaN : dot(place.g, d) };
}

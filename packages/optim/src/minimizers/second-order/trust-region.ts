/**
 * Trust regions: go to where a quadratic model of f is least within a radius, and let the radius follow how well the model told
 * the change of f. The model's curvature is asked for by products alone, so that it can be a Hessian that nobody forms.
 *
 *   m(p) = f + gᵀp + ½pᵀBp, ‖p‖ ≤ Δ      ρ = (f(x) − f(x + p)) / (m(0) − m(p))
 *
 * Directions along which the model curves down are followed to the edge: saddles are left, not approached.
 *
 * Source: Steihaug 1983; Nocedal & Wright, Numerical Optimization, 2nd ed., Algorithms 4.1 and 7.2.
 */
import type { Steps } from "../method.ts";
import type { Vector } from "../objective.ts";
import { add, dot, norm } from "../vectors.ts";

/** Writes B·v. */
export type Curvature = (v: Vector, into: Vector) => Steps<void>;

/**
 * p ≈ argmin m(p), ‖p‖ ≤ Δ, by conjugate gradients from 0 until the residual is small, the edge is met or B curves down.
 *
 * @returns the model's decrease m(0) − m(p), at least 0, and the number of products
 */
export function* steihaug(
  g: Vector,
  curvature: Curvature,
  radius: number,
  tolerance: number,
  p: Vector,
): Steps<number> {
  const n = g.length;
  p.fill(0);
  const r = g.slice();
  const d = g.map((x) => -x);
  const Bd = new Float64Array(n);
  let rr = dot(r, r);
  let decrease = 0;
  // in exact arithmetic n products are enough
  for (let k = 0; k < 2 * n && Math.sqrt(rr) > tolerance; k++) {
    yield* curvature(d, Bd);
    const bend = dot(d, Bd);
    const alpha = rr / bend;
    const toEdge = stepToEdge(p, d, radius);
    const slope = dot(r, d); // of the model at p, along d: −rᵀr
    if (!(bend > 0) || alpha >= toEdge) {
      add(p, toEdge, d);
      return decrease - toEdge * slope - (toEdge * toEdge * bend) / 2;
    }
    add(p, alpha, d);
    decrease -= alpha * slope + (alpha * alpha * bend) / 2;
    add(r, alpha, Bd);
    const next = dot(r, r);
    for (let i = 0; i < n; i++) d[i] = -r[i]! + (next / rr) * d[i]!;
    rr = next;
  }
  return decrease;
}

/** The positive root τ of ‖p + τd‖ = Δ. */
function stepToEdge(p: Vector, d: Vector, radius: number): number {
  const [a, b, c] = [dot(d, d), dot(p, d), dot(p, p) - radius * radius];
  const root = Math.sqrt(Math.max(0, b * b - a * c));
  return b > 0 ? -c / (b + root) : (root - b) / a; // the form without cancellation
}

export interface Region {
  radius: number;
  readonly largest: number;
}

/** Shrink a region whose model was wrong, widen one whose model was right up to its edge. */
export function resize(region: Region, ratio: number, p: Vector): void {
  const length = norm(p);
  if (!(ratio >= 0.25)) region.radius = length / 4;
  else if (ratio > 0.75 && length > 0.99 * region.radius) {
    region.radius = Math.min(2 * region.radius, region.largest);
  }
}

/**
 * ρ, as far as rounding lets it be seen: where both decreases are less than the rounding of f, ρ is 1.
 *
 * Source: Conn, Gould & Toint 2000, Trust-Region Methods, section 17.4.2.
 */
export function agreement(f: number, next: number, promised: number): number {
  const rounding = 10 * Number.EPSILON * Math.max(1, Math.abs(f));
  return (f - next + rounding) / (promised + rounding);
}

/** Steps with less than this share of the promised decrease are not taken. */
export const LEAST_RATIO = 1e-4;

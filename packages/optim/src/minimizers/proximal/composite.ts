/**
 * What proximal methods share: the step from a gradient, and the quadratic upper bound that tells whether it was short enough.
 */
import { type Steps, smoothAt } from "../method.ts";
import type { Nonsmooth, Objective, Vector } from "../objective.ts";
import type { Penalty } from "./penalty.ts";

/** F = f + g: the objective with a penalty or a constraint beside it. */
export const withPenalty = (objective: Objective, penalty: Penalty): Objective => ({
  ...objective,
  name: `${objective.name} + ${penalty.name}`,
  nonsmooth: penalty,
});

/** prox_{s g}(x − s ∇f) into `out`. */
export function proximalStep(g: Nonsmooth, x: Vector, gradient: Vector, s: number, out: Vector): void {
  for (let i = 0; i < x.length; i++) out[i] = x[i]! - s * gradient[i]!;
  g.prox(out, s, out);
}

export interface Accepted {
  /** The step that was short enough. */
  readonly step: number;
  /** f where it ends. */
  readonly smooth: number;
}

/**
 * Relative rounding of f, a sum of many terms. Near the minimum both sides differ by less, and a search that took rounding for
 * curvature would halve the step until x − s∇f is x.
 */
const ROUNDING = 1e-12;

/**
 * Step from x into `out`, halving s until f lies below its quadratic bound there:
 *
 *   f(u) ≤ f(x) + ∇f(x)ᵀ(u − x) + ‖u − x‖²/(2s),   which holds once s ≤ 1/L
 *
 * Source  Beck & Teboulle, SIAM J. Imaging Sciences 2 (2009) 183–202, §3 and §4 ("with backtracking").
 */
export function* backtrack(
  g: Nonsmooth,
  x: Vector,
  f: number,
  gradient: Vector,
  first: number,
  shrink: number,
  out: Vector,
): Steps<Accepted | undefined> {
  for (let s = first; s > Number.MIN_VALUE; s *= shrink) {
    proximalStep(g, x, gradient, s, out);
    let linear = 0;
    let square = 0;
    for (let i = 0; i < x.length; i++) {
      const d = out[i]! - x[i]!;
      linear += gradient[i]! * d;
      square += d * d;
    }
    const smooth = yield* smoothAt(out);
    if (smooth <= f + linear + square / (2 * s) + ROUNDING * Math.abs(f)) return { step: s, smooth };
    if (square === 0) return undefined;
  }
  return undefined;
}

/** ‖a − b‖∞ / s: of the proximal gradient, which is zero exactly at a minimum. */
export function largestDifference(a: Vector, b: Vector, s = 1): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most / s;
}

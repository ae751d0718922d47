/**
 * Proximal Newton: minimize the quadratic model of the smooth part plus the other part as it is, then search along the way there.
 *
 *   d = argmin ∇fᵀd + ½ dᵀHd + g(x + d),   F(x + t d) ≤ F(x) + c t Δ,   Δ = ∇fᵀd + g(x + d) − g(x) ≤ 0
 *
 * The model is minimized by accelerated proximal gradient steps, which need only products with H and no evaluation; the more
 * exactly, the closer to the minimum, so that convergence stays quadratic. A Hessian with negative curvature is shifted until it has none.
 *
 * Source  Lee, Sun & Saunders, arXiv:1206.1623, algorithm 1.
 */
import { cholesky } from "../cholesky.ts";
import { finished, gradientAt, hessianAt, method, valueAt } from "../method.ts";
import type { Nonsmooth, Vector } from "../objective.ts";
import { count, fraction } from "../options.ts";
import { distance } from "../vectors.ts";
import { largestDifference } from "./composite.ts";

export const proximalNewton = method({
  name: "proximal-newton",
  family: "proximal",
  summary: "Newton's method on the smooth part with the other kept as it is; quadratic convergence.",
  source: "Lee, Sun & Saunders, arXiv:1206.1623",
  needs: ["gradient", "hessian", "prox"],
  options: {
    inner: count(1000, "proximal gradient steps on each quadratic model"),
    sufficient: fraction(1e-4, "share of the predicted decrease that a step must reach"),
  },
  *run({ start: x, dimension: n, nonsmooth }, { inner, sufficient }) {
    const g = nonsmooth!;
    const gradient = new Float64Array(n);
    const H = new Float64Array(n * n);
    const aim = new Float64Array(n);
    const next = new Float64Array(n);
    g.prox(x, 0, x);
    let value = yield* valueAt(x);
    yield* finished({ point: x, value });
    let size = 1;
    for (;;) {
      yield* gradientAt(x, gradient);
      yield* hessianAt(x, H);
      const curvature = shiftToConvex(H, n);
      const tolerance = Math.min(1e-3, size) * 1e-3 * size;
      size = minimizeModel(g, x, gradient, H, curvature, inner, tolerance, aim);
      let slope = g.value(aim) - g.value(x);
      for (let i = 0; i < n; i++) slope += gradient[i]! * (aim[i]! - x[i]!);
      let t = 1;
      let reached = value;
      for (; ; t /= 2) {
        for (let i = 0; i < n; i++) next[i] = x[i]! + t * (aim[i]! - x[i]!);
        reached = yield* valueAt(next);
        if (reached <= value + sufficient * t * slope + 1e-14 * Math.abs(value)) break;
        if (t < 1e-10) return { reason: "no descent", detail: "the line search found nothing lower" };
      }
      const stepLength = distance(x, next);
      x.set(next);
      value = reached;
      yield* finished({ point: x, value, gradientNorm: size, stepLength });
      if (stepLength === 0) {
        return { reason: "step below tolerance", detail: "the model's minimum is where it was made" };
      }
    }
  },
});

/**
 * Make H positive semi-definite by Gershgorin's bound where a disc reaches below zero and the matrix is not; the largest row sum, which
 * bounds its curvature, comes back.
 */
function shiftToConvex(H: Vector, n: number): number {
  let least = 0;
  let most = 0;
  for (let i = 0; i < n; i++) {
    let radius = 0;
    for (let j = 0; j < n; j++) if (j !== i) radius += Math.abs(H[i * n + j]!);
    least = Math.min(least, H[i * n + i]! - radius);
    most = Math.max(most, H[i * n + i]! + radius);
  }
  if (least >= 0 || cholesky(H, n, 1e-10 * most, new Float64Array(n * n))) return most;
  for (let i = 0; i < n; i++) H[i * n + i]! -= least;
  return most - least;
}

/**
 * FISTA on the model, from x, into `u`. Gives back the largest entry of its first proximal gradient, which is that of F at x.
 */
function minimizeModel(
  g: Nonsmooth,
  x: Vector,
  gradient: Vector,
  H: Vector,
  curvature: number,
  steps: number,
  tolerance: number,
  u: Vector,
): number {
  const n = x.length;
  const s = 1 / Math.max(curvature, Number.MIN_VALUE);
  const y = x.slice();
  const next = new Float64Array(n);
  u.set(x);
  let first = 0;
  for (let k = 0, t = 1; k < steps; k++) {
    for (let i = 0; i < n; i++) {
      let slope = gradient[i]!;
      for (let j = 0; j < n; j++) slope += H[i * n + j]! * (y[j]! - x[j]!);
      next[i] = y[i]! - s * slope;
    }
    g.prox(next, s, next);
    const size = largestDifference(y, next, s);
    if (k === 0) first = size;
    let ahead = 0;
    for (let i = 0; i < n; i++) ahead += (y[i]! - next[i]!) * (next[i]! - u[i]!);
    if (ahead > 0) t = 1;
    const longer = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
    for (let i = 0; i < n; i++) {
      y[i] = next[i]! + ((t - 1) / longer) * (next[i]! - u[i]!);
      u[i] = next[i]!;
    }
    t = longer;
    if (size <= tolerance) break;
  }
  return first;
}

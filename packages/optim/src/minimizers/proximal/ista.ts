/**
 * Proximal gradient descent, plain and accelerated: a gradient step on the smooth part, then the proximal step of the other, as
 * long as the quadratic bound allows. With the projection onto a set for g it is projected gradient descent.
 *
 *   ISTA     x ← prox_{s g}(x − s ∇f(x))                           F(x_k) − F* ≤ ‖x₀ − x*‖² / (2 s k)
 *   FISTA    the same from y = x_k + (t_k − 1)/t_{k+1} (x_k − x_{k−1}),  F(x_k) − F* ≤ 2 ‖x₀ − x*‖² / (s (k + 1)²)
 *            t₁ = 1,  t_{k+1} = (1 + √(1 + 4 t_k²))/2
 *
 * The momentum of FISTA overshoots once the function bends more than its worst case; starting it anew whenever it points uphill
 * gives linear convergence without knowing how much it bends.
 *
 * Sources  Beck & Teboulle, SIAM J. Imaging Sciences 2 (2009) 183–202, theorems 3.1 and 4.4; O'Donoghue & Candès,
 *          arXiv:1204.3982, §3.2 (restarts).
 */
import { finished, gradientAt, method, type Steps, type Stop, valueAt } from "../method.ts";
import { fraction, oneOf, positive } from "../options.ts";
import { distance } from "../vectors.ts";
import { backtrack, largestDifference } from "./composite.ts";

const STEP = {
  step: positive(1, "the first step that is tried; none is longer"),
  shrink: fraction(0.5, "factor of a step that was too long"),
};

const NO_STEP: Stop = {
  reason: "no descent",
  detail: "no step, however short, stays below the quadratic bound",
};

/** The end of a step of length 0: x is where it would go. */
const STILL: Stop = { reason: "step below tolerance", detail: "the proximal step stays where it is" };

export const ista = method({
  name: "ista",
  family: "proximal",
  summary: "Proximal gradient descent with backtracking; falls as 1/k.",
  source: "Beck & Teboulle, SIAM J. Imaging Sciences 2 (2009), §3",
  needs: ["gradient", "prox"],
  options: STEP,
  *run({ start: x, dimension, nonsmooth }, { step, shrink }) {
    const g = nonsmooth!;
    const gradient = new Float64Array(dimension);
    const next = new Float64Array(dimension);
    g.prox(x, 0, x); // into the domain of g
    yield* finished({ point: x, value: yield* valueAt(x) });
    for (let s = step; ; ) {
      const f = yield* gradientAt(x, gradient);
      const accepted = yield* backtrack(g, x, f, gradient, s, shrink, next);
      if (accepted === undefined) return NO_STEP;
      s = accepted.step;
      const stepLength = distance(x, next);
      const gradientNorm = largestDifference(x, next, s);
      x.set(next);
      yield* finished({ point: x, value: accepted.smooth + g.value(x), gradientNorm, stepLength });
      if (stepLength === 0) return STILL;
    }
  },
});

export const fista = method({
  name: "fista",
  family: "proximal",
  summary: "Accelerated proximal gradient descent with backtracking and restarts; falls as 1/k².",
  source: "Beck & Teboulle, SIAM J. Imaging Sciences 2 (2009), §4; O'Donoghue & Candès, arXiv:1204.3982",
  needs: ["gradient", "prox"],
  options: {
    ...STEP,
    restart: oneOf(
      ["gradient", "function", "none"],
      "when the momentum starts anew: where it points uphill, where F rises, or never",
    ),
  },
  *run({ start: x, dimension, nonsmooth }, { step, shrink, restart }): Steps<Stop> {
    const g = nonsmooth!;
    const gradient = new Float64Array(dimension);
    const next = new Float64Array(dimension);
    g.prox(x, 0, x);
    const y = x.slice();
    let value = yield* valueAt(x);
    yield* finished({ point: x, value });
    for (let s = step, t = 1; ; ) {
      const f = yield* gradientAt(y, gradient);
      const accepted = yield* backtrack(g, y, f, gradient, s, shrink, next);
      if (accepted === undefined) return NO_STEP;
      s = accepted.step;
      const reached = accepted.smooth + g.value(next);
      const stepLength = distance(x, next);
      const gradientNorm = largestDifference(y, next, s);

      if (restart === "gradient" ? uphill(y, next, x) : restart === "function" && reached > value) t = 1;
      const longer = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
      const momentum = (t - 1) / longer; // 0 after a restart
      t = longer;
      for (let i = 0; i < dimension; i++) y[i] = next[i]! + momentum * (next[i]! - x[i]!);
      x.set(next);
      value = reached;
      yield* finished({ point: x, value, gradientNorm, stepLength });
      if (gradientNorm === 0) return STILL;
    }
  },
});

/** Whether the proximal gradient at y, which is along y − next, and the way gone from x to next make an acute angle. */
function uphill(y: Float64Array, next: Float64Array, x: Float64Array): boolean {
  let product = 0;
  for (let i = 0; i < x.length; i++) product += (y[i]! - next[i]!) * (next[i]! - x[i]!);
  return product > 0;
}

/** Sums of squares f = ½‖r‖²: JᵀJ stands for the Hessian, which is right where residuals are small or nearly linear. */
import { cholesky, shiftedCholesky, solveCholesky } from "../cholesky.ts";
import { backtrack } from "../line-search/backtracking.ts";
import { finished, method, residualsAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { fraction, positive } from "../options.ts";
import { distance, dot, maxNorm, norm } from "../vectors.ts";
import { checkDense } from "./dense.ts";

/** g ← Jᵀr, A ← JᵀJ */
function normalEquations(J: Vector, r: Vector, g: Vector, A: Vector): void {
  const n = g.length;
  g.fill(0);
  A.fill(0);
  for (let k = 0; k < r.length; k++) {
    const row = J.subarray(k * n, (k + 1) * n);
    for (let i = 0; i < n; i++) {
      const Ji = row[i]!;
      if (Ji === 0) continue;
      g[i]! += Ji * r[k]!;
      for (let j = 0; j <= i; j++) A[i * n + j]! += Ji * row[j]!;
    }
  }
}

/**
 *   d = −(JᵀJ)⁻¹Jᵀr, with a multiple of I added where JᵀJ is singular;  x ← x + αd by backtracking
 *
 * Source  Gauss 1809; Nocedal & Wright, Numerical Optimization, 2nd ed., section 10.3.
 */
export const gaussNewton = method({
  name: "gauss-newton",
  family: "least-squares",
  summary: "Solves the linearized least-squares problem, again and again.",
  source: "Gauss 1809; Nocedal & Wright, Numerical Optimization, section 10.3",
  needs: ["residuals"],
  options: {
    decrease: fraction(1e-4, "c: the share of the decrease promised by the slope that is asked for"),
    shrink: fraction(0.5, "what a step that is too long is multiplied by"),
  },
  check: ({ dimension: n, residualCount: m = 0 }) => checkDense("gauss-newton", (m + 2 * n) * n, n, "lbfgs"),
  *run({ start, dimension: n, residualCount: m = 0 }, { decrease, shrink }) {
    let x = start;
    let next: Vector = new Float64Array(n);
    const [r, J] = [new Float64Array(m), new Float64Array(m * n)];
    const [g, d] = [new Float64Array(n), new Float64Array(n)];
    const [A, L] = [new Float64Array(n * n), new Float64Array(n * n)];
    let stepLength = 0;
    for (;;) {
      const f = yield* residualsAt(x, r, J);
      if (f < Number.POSITIVE_INFINITY) normalEquations(J, r, g, A);
      yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength });
      shiftedCholesky(A, n, L);
      for (let i = 0; i < n; i++) d[i] = -g[i]!;
      solveCholesky(L, n, d);
      const found = yield* backtrack({ x, f, d, slope: dot(g, d) }, { first: 1, decrease, shrink }, next);
      if (found === undefined) {
        return {
          reason: "no descent",
          detail: "no step along Gauss–Newton's direction lowers the value enough",
        };
      }
      stepLength = distance(next, x);
      [x, next] = [next, x];
    }
  },
});

/**
 * Between Gauss–Newton and gradient descent: the damping μ falls while the model is right, and grows where it is not.
 *
 *   (JᵀJ + μI) d = −Jᵀr      ρ = (f(x) − f(x + d)) / ½dᵀ(μd − g)
 *   μ ← μ·max(⅓, 1 − (2ρ − 1)³) when ρ > 0, else μ ← νμ, ν ← 2ν
 *
 * Source  Levenberg 1944; Marquardt 1963; damping after Nielsen 1999, in Madsen, Nielsen & Tingleff 2004, Algorithm 3.16.
 */
export const levenbergMarquardt = method({
  name: "levenberg-marquardt",
  family: "least-squares",
  summary: "Gauss–Newton with a damping that grows where the model is wrong.",
  source: "Levenberg 1944; Marquardt 1963; Madsen, Nielsen & Tingleff 2004, Algorithm 3.16",
  needs: ["residuals"],
  options: { tau: positive(1e-3, "first damping, as a multiple of the largest diagonal entry of JᵀJ") },
  check: ({ dimension: n, residualCount: m = 0 }) =>
    checkDense("levenberg-marquardt", 2 * (m + n) * n, n, "lbfgs"),
  *run({ start, dimension: n, residualCount: m = 0 }, { tau }) {
    let x = start;
    let next: Vector = new Float64Array(n);
    let [r, J] = [new Float64Array(m) as Vector, new Float64Array(m * n) as Vector];
    let [rNext, JNext] = [new Float64Array(m) as Vector, new Float64Array(m * n) as Vector];
    const [g, d] = [new Float64Array(n), new Float64Array(n)];
    const [A, L] = [new Float64Array(n * n), new Float64Array(n * n)];
    let f = yield* residualsAt(x, r, J);
    if (f < Number.POSITIVE_INFINITY) normalEquations(J, r, g, A);
    yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: 0 });
    let mu = tau * largestDiagonal(A, n);
    if (!(mu > 0)) mu = tau;
    let nu = 2;
    for (;;) {
      let value = Number.POSITIVE_INFINITY;
      let ratio = Number.NEGATIVE_INFINITY;
      if (cholesky(A, n, mu, L)) {
        for (let i = 0; i < n; i++) d[i] = -g[i]!;
        solveCholesky(L, n, d);
        if (norm(d) <= Number.EPSILON * (norm(x) + Number.EPSILON)) {
          return { reason: "step below tolerance", detail: `its length is ${norm(d)}` };
        }
        for (let i = 0; i < n; i++) next[i] = x[i]! + d[i]!;
        value = yield* residualsAt(next, rNext, JNext);
        ratio = (f - value) / ((mu * dot(d, d) - dot(d, g)) / 2);
      }
      if (ratio > 0) {
        [x, next, r, rNext, J, JNext, f] = [next, x, rNext, r, JNext, J, value];
        normalEquations(J, r, g, A);
        yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: norm(d) });
        mu *= Math.max(1 / 3, 1 - (2 * ratio - 1) ** 3);
        nu = 2;
      } else {
        mu *= nu;
        nu *= 2;
        if (!(mu < Number.MAX_VALUE)) {
          return { reason: "no descent", detail: "no damping makes a step that lowers the value" };
        }
      }
    }
  },
});

function largestDiagonal(A: Vector, n: number): number {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, A[i * n + i]!);
  return largest;
}

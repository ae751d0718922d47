/** Newton's method where the Hessian is small enough to be factored. */
import { shiftedCholesky, solveCholesky } from "../cholesky.ts";
import { backtrack } from "../line-search/backtracking.ts";
import { finished, gradientAt, hessianAt, method } from "../method.ts";
import type { Vector } from "../objective.ts";
import { fraction } from "../options.ts";
import { distance, dot, maxNorm } from "../vectors.ts";
import { checkDense } from "./dense.ts";

/**
 * Step to the minimum of the quadratic model; where it has none, of one that is bent up until it has.
 *
 *   d = −(∇²f + τI)⁻¹∇f      τ = 0 where ∇²f is positive definite;  x ← x + αd, α = 1 where the value falls enough
 *
 * Cost    n³/6 multiplications and one Hessian per step.
 * Source  Nocedal & Wright, Numerical Optimization, 2nd ed., Algorithms 3.2 and 3.3.
 */
export const newton = method({
  name: "newton",
  family: "second-order",
  summary: "Steps to the minimum of the quadratic model: the digits that are right double with each.",
  source: "Newton 1685, Raphson 1690; Nocedal & Wright, Numerical Optimization, Algorithms 3.2 and 3.3",
  needs: ["gradient", "hessian"],
  options: {
    decrease: fraction(1e-4, "c: the share of the decrease promised by the slope that is asked for"),
    shrink: fraction(0.5, "what a step that is too long is multiplied by"),
  },
  check: ({ dimension: n }) => checkDense("newton", 2 * n * n, n, "newton-cg"),
  *run({ start, dimension: n }, { decrease, shrink }) {
    let x = start;
    let next: Vector = new Float64Array(n);
    const g = new Float64Array(n);
    const d = new Float64Array(n);
    const H = new Float64Array(n * n);
    const L = new Float64Array(n * n);
    let stepLength = 0;
    for (;;) {
      const f = yield* gradientAt(x, g);
      yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength });
      yield* hessianAt(x, H);
      shiftedCholesky(H, n, L);
      for (let i = 0; i < n; i++) d[i] = -g[i]!;
      solveCholesky(L, n, d);
      const found = yield* backtrack({ x, f, d, slope: dot(g, d) }, { first: 1, decrease, shrink }, next);
      if (found === undefined) {
        return { reason: "no descent", detail: "no step along Newton's direction lowers the value enough" };
      }
      stepLength = distance(next, x);
      [x, next] = [next, x];
    }
  },
});

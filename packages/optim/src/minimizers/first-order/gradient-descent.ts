/** Gradient descent with a line search by values: the method that others are compared with. */
import { backtrack } from "../line-search/backtracking.ts";
import { finished, gradientAt, method } from "../method.ts";
import type { Vector } from "../objective.ts";
import { fraction, positive } from "../options.ts";
import { dot, maxNorm, norm } from "../vectors.ts";

/**
 * Step down the gradient, as far as the value falls enough.
 *
 *   x ← x − α∇f(x)      α by backtracking, beginning where the last search ended, once longer
 *
 * Source  Cauchy 1847; Armijo 1966; Nocedal & Wright, Numerical Optimization, 2nd ed., Algorithm 3.1.
 */
export const gradientDescent = method({
  name: "gradient-descent",
  family: "first-order",
  summary: "Steps down the gradient, as far as the value falls enough.",
  source: "Cauchy 1847; Armijo 1966; Nocedal & Wright, Numerical Optimization, Algorithm 3.1",
  needs: ["gradient"],
  options: {
    first: positive(1, "the first step tried, as a multiple of the gradient"),
    decrease: fraction(1e-4, "c: the share of the decrease promised by the slope that is asked for"),
    shrink: fraction(
      0.5,
      "what a step that is too long is multiplied by; the next search begins once longer",
    ),
  },
  *run({ start, dimension }, { first, decrease, shrink }) {
    let x = start;
    let next: Vector = new Float64Array(dimension);
    const g = new Float64Array(dimension);
    const d = new Float64Array(dimension);
    let trial = first;
    let stepLength = 0;
    for (;;) {
      const f = yield* gradientAt(x, g);
      yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength });
      for (let i = 0; i < dimension; i++) d[i] = -g[i]!;
      const line = { x, f, d, slope: -dot(g, g) };
      const step = yield* backtrack(line, { first: trial, decrease, shrink }, next);
      if (step === undefined) {
        return { reason: "no descent", detail: "no step down the gradient lowers the value enough" };
      }
      stepLength = step * norm(d);
      trial = step / shrink;
      [x, next] = [next, x];
    }
  },
});

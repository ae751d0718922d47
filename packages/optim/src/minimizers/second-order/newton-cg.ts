/** Newton's method without the Hessian: products with it, within a trust region. */
import { finished, gradientAt, method, productAt, smoothAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { positive } from "../options.ts";
import { Standstill } from "../standstill.ts";
import { distance, maxNorm, move, norm } from "../vectors.ts";
import { agreement, LEAST_RATIO, type Region, resize, steihaug } from "./trust-region.ts";

/**
 * Solve for Newton's step by conjugate gradients, as exactly as it is worth: residual ≤ min(½, √‖g‖)·‖g‖.
 *
 * Cost    a Hessian product, about two gradients, per inner step; memory 6n.
 * Source  Steihaug 1983, SIAM J. Numerical Analysis 20(3); Nocedal & Wright, Numerical Optimization, Algorithm 7.2.
 */
export const newtonCg = method({
  name: "newton-cg",
  family: "second-order",
  summary: "Newton steps by conjugate gradients within a trust region: Hessian products alone.",
  source: "Steihaug 1983, SIAM J. Numerical Analysis 20(3); Nocedal & Wright, Algorithm 7.2",
  needs: ["gradient", "product"],
  options: {
    radius: positive(1, "first radius of the trust region"),
    largest: positive(1000, "largest radius of the trust region"),
  },
  check: (_, { radius, largest }) => {
    if (radius <= largest) return;
    throw new RangeError(
      `Cannot use newton-cg as radius must be at most largest = ${largest}: current value is ${radius}`,
    );
  },
  *run({ start, dimension: n }, { radius, largest }) {
    const region: Region = { radius, largest };
    const standstill = new Standstill();
    let x = start;
    let next: Vector = new Float64Array(n);
    const g = new Float64Array(n);
    const p = new Float64Array(n);
    let stepLength = 0;
    for (;;) {
      const f = yield* gradientAt(x, g);
      yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength });
      const still = standstill.at(f);
      if (still !== undefined) return still;
      const here = x;
      const size = norm(g);
      for (;;) {
        const promised = yield* steihaug(
          g,
          (v, into) => productAt(here, v, into),
          region.radius,
          Math.min(0.5, Math.sqrt(size)) * size,
          p,
        );
        move(x, 1, p, next);
        const ratio = agreement(f, yield* smoothAt(next), promised);
        resize(region, ratio, p);
        if (ratio > LEAST_RATIO) break;
        if (!(region.radius > Number.EPSILON * (1 + norm(x)))) {
          return { reason: "no descent", detail: "the trust region has shrunk to rounding" };
        }
      }
      stepLength = distance(next, x);
      [x, next] = [next, x];
    }
  },
});

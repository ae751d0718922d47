/** The symmetric rank-one update: it may learn that the Hessian curves down, so it goes with a trust region. */
import { finished, gradientAt, method } from "../method.ts";
import type { Vector } from "../objective.ts";
import { fraction, positive } from "../options.ts";
import { Standstill } from "../standstill.ts";
import { dot, maxNorm, move, norm } from "../vectors.ts";
import { checkDense } from "./dense.ts";

import { agreement, LEAST_RATIO, type Region, resize, steihaug } from "./trust-region.ts";

/**
 * Approximate the Hessian itself; after n independent steps on a quadratic it is exact.
 *
 *   B⁺ = B + rrᵀ/(rᵀs)      r = y − Bs, skipped where |rᵀs| < skip·‖r‖‖s‖
 *
 * B learns from steps that are not taken too.
 *
 * Source  Nocedal & Wright, Numerical Optimization, 2nd ed., Algorithm 6.2.
 */
export const sr1 = method({
  name: "sr1",
  family: "second-order",
  summary: "Learns the Hessian, also where it curves down, and steps within a trust region.",
  source: "Davidon 1959; Conn, Gould & Toint 1991; Nocedal & Wright, Numerical Optimization, Algorithm 6.2",
  needs: ["gradient"],
  options: {
    radius: positive(1, "first radius of the trust region"),
    skip: fraction(1e-8, "updates whose denominator is relatively smaller than this are skipped"),
  },
  check: ({ dimension: n }) => checkDense("sr1", n * n, n, "lbfgs"),
  *run({ start, dimension: n }, { radius, skip }) {
    const region: Region = { radius, largest: 1e10 };
    const B = new Float64Array(n * n);
    for (let i = 0; i < n; i++) B[i * n + i] = 1;
    const multiply = (v: Vector, into: Vector) => {
      for (let i = 0; i < n; i++) into[i] = dot(B.subarray(i * n, (i + 1) * n), v);
    };
    const standstill = new Standstill();
    let x = start;
    let next: Vector = new Float64Array(n);
    let g: Vector = new Float64Array(n);
    let there: Vector = new Float64Array(n);
    const p = new Float64Array(n);
    const r = new Float64Array(n);
    let f = yield* gradientAt(x, g);
    yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: 0 });
    for (;;) {
      const size = norm(g);
      const promised = yield* steihaug(
        g,
        // biome-ignore lint/correctness/useYield: B is here, nothing is asked
        function* (v, into) {
          multiply(v, into);
        },
        region.radius,
        Math.min(0.5, Math.sqrt(size)) * size,
        p,
      );
      move(x, 1, p, next);
      const value = yield* gradientAt(next, there);
      const ratio = agreement(f, value, promised);
      if (value < Number.POSITIVE_INFINITY) {
        multiply(p, r);
        for (let i = 0; i < n; i++) r[i] = there[i]! - g[i]! - r[i]!;
        const rs = dot(r, p);
        if (Math.abs(rs) >= skip * norm(r) * norm(p) && rs !== 0) {
          for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) B[i * n + j]! += (r[i]! * r[j]!) / rs;
        }
      }
      resize(region, ratio, p);
      if (ratio > LEAST_RATIO) {
        [x, next, g, there, f] = [next, x, there, g, value];
        yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: norm(p) });
        const still = standstill.at(f);
        if (still !== undefined) return still;
      } else if (!(region.radius > Number.EPSILON * (1 + norm(x)))) {
        return { reason: "no descent", detail: "the trust region has shrunk to rounding" };
      }
    }
  },
});

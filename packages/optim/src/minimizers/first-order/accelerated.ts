/** Nesterov's accelerated gradient: gradients at points ahead of the iterates. */
import { finished, gradientAt, method, smoothAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { flag, nonNegative, positive } from "../options.ts";
import { dot, isRounding, maxNorm, move, norm } from "../vectors.ts";

/**
 *   x⁺ = y − ∇f(y)/L      y⁺ = x⁺ + β(x⁺ − x)
 *
 *   μ = 0   β = (t − 1)/t⁺ with t⁺ = ½(1 + √(1 + 4t²)): the value falls as 1/k²
 *   μ > 0   β = (√L − √μ)/(√L + √μ): by 1 − 1/√κ per step
 *
 * L is doubled until f(x⁺) ≤ f(y) − ‖∇f(y)‖²/2L, what a gradient of Lipschitz constant L promises, and lowered a little
 * after each step. Momentum that leads up is dropped: it begins anew when ∇f(y)ᵀ(x⁺ − x) > 0. Iterates are the points y, where
 * value and gradient are known.
 *
 * Source  Nesterov 1983; 2004, Introductory Lectures, scheme 2.2.19; restarts: O'Donoghue & Candès, arXiv:1204.3982.
 */
export const acceleratedGradient = method({
  name: "accelerated-gradient",
  family: "first-order",
  summary: "Takes gradients ahead of the iterates: a root of the condition number fewer steps.",
  source: "Nesterov 1983, Soviet Math. Doklady 27; O'Donoghue & Candès, arXiv:1204.3982",
  needs: ["gradient"],
  options: {
    lipschitz: positive(1, "first guess of L, the largest curvature"),
    mu: nonNegative(0, "μ, the least curvature, where it is known"),
    restart: flag(true, "begin anew when the momentum leads up"),
  },
  *run({ start, dimension: n }, { lipschitz, mu, restart }) {
    let L = lipschitz;
    let t = 1;
    let x = start;
    let next: Vector = new Float64Array(n);
    const y = start.slice();
    const [g, d] = [new Float64Array(n), new Float64Array(n)];
    let stepLength = 0;
    for (;;) {
      const f = yield* gradientAt(y, g);
      yield* finished({ point: y, value: f, gradientNorm: maxNorm(g), stepLength });
      const gg = dot(g, g);
      for (let trial = 0; ; trial++, L *= 2) {
        move(y, -1 / L, g, next);
        // near the minimum the promised decrease is less than the rounding of f
        const value = yield* smoothAt(next);
        const stands = value >= f && isRounding(1 / L, g, y);
        if (value <= f - gg / (2 * L) + 2 * Number.EPSILON * Math.abs(f) && !stands) break;
        if (stands || trial === MOST_DOUBLINGS) {
          return { reason: "no descent", detail: `no curvature up to ${L} explains the values` };
        }
      }
      for (let i = 0; i < n; i++) d[i] = next[i]! - x[i]!;
      const ahead = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
      let beta = mu > 0 ? (Math.sqrt(L) - Math.sqrt(mu)) / (Math.sqrt(L) + Math.sqrt(mu)) : (t - 1) / ahead;
      t = ahead;
      if (restart && dot(g, d) > 0) {
        t = 1;
        beta = 0;
      }
      [x, next] = [next, x];
      for (let i = 0; i < n; i++) {
        const moved = x[i]! + beta * d[i]!;
        d[i] = moved - y[i]!;
        y[i] = moved;
      }
      stepLength = norm(d);
      L *= RELAX;
    }
  },
});

/** L may fall again where curvature is less: a tenth per step, so that doubling is rare. */
const RELAX = 0.9;
const MOST_DOUBLINGS = 60;

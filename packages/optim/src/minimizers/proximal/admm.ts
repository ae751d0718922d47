/**
 * The alternating direction method of multipliers on f(x) + g(z), x = z, for a quadratic f: the lasso's ½‖Ax − b‖² + λ‖z‖₁.
 *
 *   x = (H + ρI)⁻¹ (ρ(z − u) − c)      where ∇f(x) = Hx + c
 *   z = prox_{g/ρ}(x̂ + u)               x̂ = αx + (1 − α)z, over-relaxed
 *   u ← u + x̂ − z
 *
 * One Hessian and one gradient are asked for, at the start, and H + ρI is factorized once; after that an iteration is two triangular
 * solves, with an evaluation only to report F. The distance between x and z and the way z moved, times ρ, vanish together at a minimum. A
 * function that is not quadratic is noticed, since its values are not those of the model.
 *
 * Source  Boyd, Parikh, Chu, Peleato & Eckstein, Foundations and Trends in Machine Learning 3 (2011), §3.1, §3.4.3 and §6.4.
 */

import { brief } from "../brief.ts";
import { cholesky, solveCholesky } from "../cholesky.ts";
import { finished, gradientAt, hessianAt, method, smoothAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { atLeast, positive } from "../options.ts";
import { distance } from "../vectors.ts";
import { largestDifference } from "./composite.ts";

export const admm = method({
  name: "admm",
  family: "proximal",
  summary: "Alternating direction method of multipliers, for a quadratic smooth part such as the lasso's.",
  source: "Boyd et al., Foundations and Trends in Machine Learning 3 (2011), §6.4",
  needs: ["gradient", "hessian", "prox"],
  options: {
    rho: positive(1, "weight of the constraint x = z"),
    relaxation: atLeast(1)(1.5, "α, from 1 to 2: how far beyond x the other half looks"),
  },
  check(_, { relaxation }) {
    if (relaxation <= 2) return;
    throw new RangeError(
      `Cannot use admm as relaxation must be at most 2, where it may cycle: current value is ${relaxation}`,
    );
  },
  *run({ start, dimension: n, nonsmooth }, { rho, relaxation }) {
    const g = nonsmooth!;
    const z = start;
    g.prox(z, 0, z);
    const origin = z.slice();
    const gradient = new Float64Array(n);
    const H = new Float64Array(n * n);
    const f = yield* gradientAt(origin, gradient);
    yield* finished({ point: z, value: f + g.value(z) });
    yield* hessianAt(origin, H);
    const L = new Float64Array(n * n);
    if (!cholesky(H, n, rho, L)) {
      return {
        reason: "no descent",
        detail: "the Hessian has negative curvature, beyond rho: the smooth part is not convex",
      };
    }

    const u = new Float64Array(n);
    const x = new Float64Array(n);
    const before = new Float64Array(n);
    for (;;) {
      // with d = x − origin: (H + ρ) d = ρ(z − u − origin) − ∇f(origin)
      for (let i = 0; i < n; i++) x[i] = rho * (z[i]! - u[i]! - origin[i]!) - gradient[i]!;
      solveCholesky(L, n, x);
      for (let i = 0; i < n; i++) x[i]! += origin[i]!;
      before.set(z);
      for (let i = 0; i < n; i++) {
        const relaxed = relaxation * x[i]! + (1 - relaxation) * before[i]!;
        u[i]! += relaxed;
        z[i] = u[i]!;
      }
      g.prox(z, 1 / rho, z);
      for (let i = 0; i < n; i++) u[i]! -= z[i]!;

      const smooth = yield* smoothAt(z);
      const model = quadratic(f, gradient, H, z, origin);
      if (!(Math.abs(smooth - model) <= 1e-6 * (Math.abs(smooth) + Math.abs(f)))) {
        return {
          reason: "no descent",
          detail: `the smooth part is not quadratic: it is ${brief(smooth)} where its model says ${brief(model)}; use proximal-newton`,
        };
      }
      yield* finished({
        point: z,
        value: smooth + g.value(z),
        gradientNorm: rho * Math.max(largestDifference(x, z), largestDifference(z, before)),
        stepLength: distance(z, before),
      });
    }
  },
});

/** f + ∇fᵀd + ½ dᵀHd, d = at − origin. */
function quadratic(f: number, gradient: Vector, H: Vector, at: Vector, origin: Vector): number {
  const n = at.length;
  let sum = f;
  for (let i = 0; i < n; i++) {
    const d = at[i]! - origin[i]!;
    if (d === 0) continue;
    let row = gradient[i]!;
    for (let j = 0; j < n; j++) row += 0.5 * H[i * n + j]! * (at[j]! - origin[j]!);
    sum += d * row;
  }
  return sum;
}

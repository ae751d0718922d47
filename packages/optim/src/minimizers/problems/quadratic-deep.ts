/** DeepOBS' quadratic_deep as a finite sum over its training rows; `quadratic-deep-data.ts` draws it as DeepOBS does. */
import type { Vector } from "../objective.ts";
import { count } from "../options.ts";
import { dot } from "../vectors.ts";
import { cube, family, withHessian } from "./problem.ts";
import { quadraticDeep as drawQuadraticDeep } from "./quadratic-deep-data.ts";

/**
 *   f(θ) = (1/N) Σ ½ (θ − xᵢ)ᵀQ(θ − xᵢ) = ½ (θ − x̄)ᵀQ(θ − x̄) + spread
 */
export const quadraticDeep = family({
  name: "quadratic-deep",
  summary: "A hundred dimensions, ten of them steep, as in the Hessians of deep networks; noisy rows.",
  options: { k: count(1, "which of the problems that one process of DeepOBS builds, from the first") },
  planar: false,
  build: ({ k }) => {
    const { hessian: Q, start, train } = drawQuadraticDeep(k);
    const n = start.length;
    const mean = Float64Array.from(
      { length: n },
      (_, j) => train.reduce((sum, x) => sum + x[j]!, 0) / train.length,
    );
    const bent = new Float64Array(n);
    const bend = (x: Vector, into: Vector) => {
      for (let i = 0; i < n; i++) into[i] = dot(Q[i]!, x);
    };
    const off = new Float64Array(n);
    /** ½(θ − x)ᵀQ(θ − x), with Q(θ − x) left in `bent`. */
    const half = (theta: Vector, x: Vector) => {
      for (let j = 0; j < n; j++) off[j] = theta[j]! - x[j]!;
      bend(off, bent);
      return dot(off, bent) / 2;
    };
    const spread = train.reduce((sum, x) => sum + half(mean, x), 0) / train.length;
    const center = new Float64Array(n);
    return {
      ...withHessian({
        dimension: n,
        value: (theta) => half(theta, mean) + spread,
        gradient: (theta, into) => {
          const value = half(theta, mean) + spread;
          into.set(bent);
          return value;
        },
        hessian: (_, into) => {
          Q.forEach((row, i) => {
            into.set(row, i * n);
          });
        },
        product: (_, v, into) => bend(v, into),
        components: {
          count: train.length,
          // the gradient of a mean of rows is that of their middle
          gradient: (indices, theta, into) => {
            center.fill(0);
            let sum = 0;
            const { length } = indices;
            for (let i = 0; i < length; i++) {
              const x = train[indices[i]!]!;
              sum += half(theta, x);
              for (let j = 0; j < n; j++) center[j]! += x[j]! / length;
            }
            half(theta, center);
            into.set(bent);
            return sum / length;
          },
        },
        bounds: cube(n, -3, 3),
      }),
      formula: "(1/N) Σ ½(θ − xᵢ)ᵀQ(θ − xᵢ)",
      latex: String.raw`\tfrac{1}{N} \sum_i \tfrac{1}{2} (\theta - x_i)^\top Q (\theta - x_i)`,
      start,
      minima: [mean],
      least: spread,
      source: "Schneider, Balles & Hennig 2019, DeepOBS, quadratic_deep",
    };
  },
});

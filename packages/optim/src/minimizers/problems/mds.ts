/**
 * Multidimensional scaling: find points again from their squared distances. Moving or turning all points changes nothing, so
 * minima are whole families and the Hessian has a null space.
 *
 *   L(W) = Σᵢⱼ (‖Wᵢ − Wⱼ‖² − Dᵢⱼ)²      over all ordered pairs, W ∈ ℝᴺˣᵈ, row-major
 */
import { stream } from "@thalweg/random";
import type { Vector } from "../objective.ts";
import { count, countFrom, countOrZero } from "../options.ts";
import { cube, family } from "./problem.ts";

export const mds = family({
  name: "mds",
  summary: "Recover N points from their squared distances, as the course states it.",
  options: {
    points: countFrom(2)(50, "N, the number of points"),
    d: count(2, "dimension of each point"),
    seed: countOrZero(0, "of the points, and of the start"),
  },
  planar: false,
  build: ({ points: N, d, seed }) => {
    const n = N * d;
    const draw = (what: string) => {
      const random = stream(seed, `problem mds: ${what}`);
      return Float64Array.from({ length: n }, () => random.normal());
    };
    const truth = draw("points");
    const square = (W: Vector, i: number, j: number) => {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += (W[i * d + k]! - W[j * d + k]!) ** 2;
      return sum;
    };
    const D = new Float64Array(N * N);
    for (let i = 0; i < N; i++) for (let j = 0; j < N; j++) D[i * N + j] = square(truth, i, j);
    const miss = (W: Vector, i: number, j: number) => square(W, i, j) - D[i * N + j]!;
    const value = (W: Vector) => {
      let sum = 0;
      for (let i = 0; i < N; i++) for (let j = 0; j < i; j++) sum += 2 * miss(W, i, j) ** 2;
      return sum;
    };
    return {
      dimension: n,
      value,
      // each pair counts twice, and each square has two ends: ∂L/∂Wᵢ = 8 Σⱼ miss (Wᵢ − Wⱼ)
      gradient: (W, into) => {
        into.fill(0);
        let sum = 0;
        for (let i = 0; i < N; i++) {
          for (let j = 0; j < i; j++) {
            const m = miss(W, i, j);
            sum += 2 * m * m;
            for (let k = 0; k < d; k++) {
              const pull = 8 * m * (W[i * d + k]! - W[j * d + k]!);
              into[i * d + k]! += pull;
              into[j * d + k]! -= pull;
            }
          }
        }
        return sum;
      },
      // d(miss·w) = miss·dw + 2(wᵀdw) w      w = Wᵢ − Wⱼ
      product: (W, V, into) => {
        into.fill(0);
        for (let i = 0; i < N; i++) {
          for (let j = 0; j < i; j++) {
            const m = miss(W, i, j);
            let along = 0;
            for (let k = 0; k < d; k++) {
              along += (W[i * d + k]! - W[j * d + k]!) * (V[i * d + k]! - V[j * d + k]!);
            }
            for (let k = 0; k < d; k++) {
              const w = W[i * d + k]! - W[j * d + k]!;
              const pull = 8 * (m * (V[i * d + k]! - V[j * d + k]!) + 2 * along * w);
              into[i * d + k]! += pull;
              into[j * d + k]! -= pull;
            }
          }
        }
      },
      residuals: {
        count: (N * (N - 1)) / 2,
        // L = ½ Σ over pairs of (2 miss)²
        evaluate: (W, r, J) => {
          J.fill(0);
          for (let i = 0, row = 0; i < N; i++) {
            for (let j = 0; j < i; j++, row++) {
              r[row] = 2 * miss(W, i, j);
              for (let k = 0; k < d; k++) {
                const slope = 4 * (W[i * d + k]! - W[j * d + k]!);
                J[row * n + i * d + k] = slope;
                J[row * n + j * d + k] = -slope;
              }
            }
          }
        },
      },
      bounds: cube(n, -5, 5),
      formula: "Σᵢⱼ (‖Wᵢ − Wⱼ‖² − Dᵢⱼ)²",
      latex: String.raw`\sum_{i,j} \left(\|W_i - W_j\|_2^2 - D_{i,j}\right)^2`,
      start: draw("start"),
      minima: [truth],
      least: 0,
      freedom: "all points may be shifted, turned and mirrored together",
      source: "the course, S3; Takane, Young & de Leeuw 1977, Psychometrika 42 (S-stress)",
    };
  },
});

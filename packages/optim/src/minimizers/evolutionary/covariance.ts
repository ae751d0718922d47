/**
 * The covariance of a normal distribution, in the two forms that CMA-ES learns: whole, with its principal axes, and one variance per
 * coordinate. The axes of the whole one are computed again only after it has changed for a while, since they cost n³.
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Vector } from "../objective.ts";

export interface Covariance {
  /** Bring the axes up to date, where they are older than so many generations. */
  refresh(lag: number): void;
  /** C^{1/2} z, new. */
  colour(z: Vector): Vector;
  /** C^{−1/2} y into `out`. */
  whiten(y: Vector, out: Vector): void;
  /** C ← factor · C */
  scale(factor: number): void;
  /** C ← C + weight · v vᵀ */
  addOuter(weight: number, v: Vector): void;
  /** The deviation along the longest axis. */
  largest(): number;
  /** Of C: the ratio of the largest and the least variance. */
  condition(): number;
}

/** C = B D² Bᵀ, at first the identity. */
export function fullCovariance(n: number): Covariance {
  const C = new Float64Array(n * n);
  let B = new Float64Array(n * n); // columns are axes
  const D = new Float64Array(n).fill(1);
  for (let i = 0; i < n; i++) B[i * n + i] = C[i * n + i] = 1;
  let age = 0;
  const scratch = new Float64Array(n);

  return {
    refresh(lag) {
      age += 1;
      if (age <= lag) return;
      age = 0;
      for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) C[j * n + i] = C[i * n + j]!;
      const whole = Matrix.from1DArray(n, n, C);
      const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(whole, {
        assumeSymmetric: true,
      });
      B = Float64Array.from(eigenvectorMatrix.to1DArray());
      for (let k = 0; k < n; k++) D[k] = Math.sqrt(Math.max(realEigenvalues[k]!, Number.MIN_VALUE));
    },
    colour(z) {
      const y = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += B[i * n + k]! * D[k]! * z[k]!;
        y[i] = sum;
      }
      return y;
    },
    // B D⁻¹ Bᵀ y
    whiten(y, out) {
      for (let k = 0; k < n; k++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += B[i * n + k]! * y[i]!;
        scratch[k] = sum / D[k]!;
      }
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += B[i * n + k]! * scratch[k]!;
        out[i] = sum;
      }
    },
    scale(factor) {
      for (let i = 0; i < C.length; i++) C[i]! *= factor;
    },
    addOuter(weight, v) {
      for (let i = 0; i < n; i++) {
        const scaled = weight * v[i]!;
        for (let j = 0; j <= i; j++) C[i * n + j]! += scaled * v[j]!; // the lower triangle
      }
    },
    largest: () => Math.max(...D),
    condition: () => (Math.max(...D) / Math.min(...D)) ** 2,
  };
}

/** Variances alone. */
export function diagonalCovariance(n: number): Covariance {
  const C = new Float64Array(n).fill(1);
  return {
    refresh: () => {},
    colour: (z) => z.map((one, i) => Math.sqrt(C[i]!) * one),
    whiten(y, out) {
      for (let i = 0; i < n; i++) out[i] = y[i]! / Math.sqrt(C[i]!);
    },
    scale(factor) {
      for (let i = 0; i < n; i++) C[i]! *= factor;
    },
    addOuter(weight, v) {
      for (let i = 0; i < n; i++) C[i] = Math.max(C[i]! + weight * v[i]! * v[i]!, Number.MIN_VALUE);
    },
    largest: () => Math.sqrt(Math.max(...C)),
    condition: () => Math.max(...C) / Math.min(...C),
  };
}

/**
 * Cholesky's factorization of a small dense symmetric matrix, and systems solved with it.
 *
 *   A = LLᵀ      L lower triangular, n × n, row-major; the upper triangle is not read
 *
 * Source: Golub & Van Loan, Matrix Computations, 4th ed., Algorithm 4.2.2.
 */
import type { Vector } from "./objective.ts";

/** Write L of A + shift·I. False, with L unfinished, when that is not positive definite to rounding. */
export function cholesky(A: Vector, n: number, shift: number, L: Vector): boolean {
  for (let j = 0; j < n; j++) {
    let pivot = A[j * n + j]! + shift;
    for (let k = 0; k < j; k++) pivot -= L[j * n + k]! ** 2;
    // what is left of a pivot by cancellation alone is not positive
    if (!(pivot > Number.EPSILON * n * Math.abs(A[j * n + j]! + shift))) return false;
    const root = Math.sqrt(pivot);
    L[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = A[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= L[i * n + k]! * L[j * n + k]!;
      L[i * n + j] = sum / root;
    }
  }
  return true;
}

/** x ← (LLᵀ)⁻¹x, in place. */
export function solveCholesky(L: Vector, n: number, x: Vector): void {
  for (let i = 0; i < n; i++) {
    let sum = x[i]!;
    for (let k = 0; k < i; k++) sum -= L[i * n + k]! * x[k]!;
    x[i] = sum / L[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let k = i + 1; k < n; k++) sum -= L[k * n + i]! * x[k]!;
    x[i] = sum / L[i * n + i]!;
  }
}

/**
 * L of A + τI with the least τ tried that makes it positive definite: 0, then from β‖diag A‖ doubling. Returns τ.
 *
 * Source: Nocedal & Wright, Numerical Optimization, 2nd ed., Algorithm 3.3, β = 10⁻³.
 */
export function shiftedCholesky(A: Vector, n: number, L: Vector): number {
  let least = Number.POSITIVE_INFINITY;
  let size = 0;
  for (let i = 0; i < n; i++) {
    least = Math.min(least, A[i * n + i]!);
    size = Math.max(size, Math.abs(A[i * n + i]!));
  }
  const beta = 1e-3 * (size === 0 ? 1 : size);
  let shift = least > 0 ? 0 : -least + beta;
  while (!cholesky(A, n, shift, L)) shift = Math.max(2 * shift, beta);
  return shift;
}

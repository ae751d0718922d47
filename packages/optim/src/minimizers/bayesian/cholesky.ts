/**
 * Cholesky's factor of a symmetric positive definite matrix, and what a Gaussian process wants of it. Matrices are flat and
 * row-major, so that the few hundred points of a study take milliseconds; of a symmetric matrix the lower triangle is read.
 */

/**
 * L with L Lᵀ = A, written over the lower triangle of A.
 *
 * Errors  RangeError where A is not positive definite: says which pivot.
 */
export function factorize(A: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = A[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= A[i * n + k]! * A[j * n + k]!;
      if (i > j) {
        A[i * n + j] = sum / A[j * n + j]!;
        continue;
      }
      if (!(sum > 0)) {
        throw new RangeError(
          `Cannot factorize a matrix as it must be positive definite: pivot ${i} of ${n} is ${sum}; add to its diagonal`,
        );
      }
      A[i * n + i] = Math.sqrt(sum);
    }
  }
}

/** Solve L z = b in place. */
export function forward(L: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = 0; i < n; i++) {
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= L[i * n + k]! * b[k]!;
    b[i] = sum / L[i * n + i]!;
  }
  return b;
}

/** Solve Lᵀ z = b in place. */
export function backward(L: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = n - 1; i >= 0; i--) {
    const z = b[i]! / L[i * n + i]!;
    b[i] = z;
    for (let k = 0; k < i; k++) b[k]! -= L[i * n + k]! * z;
  }
  return b;
}

/** Solve L Lᵀ z = b in place. */
export const solve = (L: Float64Array, n: number, b: Float64Array): Float64Array =>
  backward(L, n, forward(L, n, b));

/** log det(L Lᵀ). */
export function logDeterminant(L: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(L[i * n + i]!);
  return 2 * sum;
}

/** (L Lᵀ)⁻¹, whole. Its columns are solved for one by one, from the first row that is not zero on. */
export function inverse(L: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  const column = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    column.fill(0);
    column[j] = 1;
    solve(L, n, column);
    for (let i = 0; i < n; i++) out[i * n + j] = column[i]!;
  }
  return out;
}

/**
 * Matrix arithmetic on the host. Matrices are row-major; sums run in float64 whatever the storage. Products and Newton–
 * Schulz iterations are what costs time, so a faster implementation can be given in their place (see `MatrixKernels`).
 */
import { EigenvalueDecomposition, Matrix as MlMatrix, QrDecomposition } from "ml-matrix";
import type { FloatArray } from "../update.ts";
import { NEWTON_SCHULZ, type NewtonSchulzName, SMALLEST_NORM } from "./newton-schulz.ts";

export interface Matrix {
  rows: number;
  cols: number;
  data: FloatArray;
}

/** Gives an array of the storage at hand; what it holds is left over from earlier. */
export type Allocate = (count: number) => FloatArray;

/** The expensive operations; each may finish later. The result has the storage of its operands. */
export interface MatrixKernels {
  orthogonalize(x: Matrix, method: NewtonSchulzName): Matrix | Promise<Matrix>;
}

/** a · b */
export function multiply(a: Matrix, b: Matrix, allocate: Allocate): Matrix {
  const { rows, cols: inner } = a;
  const { cols } = b;
  const data = allocate(rows * cols);
  const sums = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    sums.fill(0);
    for (let k = 0; k < inner; k++) {
      const factor = a.data[i * inner + k]!;
      const from = k * cols;
      for (let j = 0; j < cols; j++) sums[j]! += factor * b.data[from + j]!;
    }
    data.set(sums, i * cols);
  }
  return { rows, cols, data };
}

export function transpose({ rows, cols, data }: Matrix, allocate: Allocate): Matrix {
  const out = allocate(rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = data[i * cols + j]!;
  return { rows: cols, cols: rows, data: out };
}

/** Sums along one axis: of each row [rows, 1], or of each column [1, cols]. */
export function axisSum(
  { rows, cols, data }: Matrix,
  of: "row" | "col",
  scale: number,
  allocate: Allocate,
): Matrix {
  const sums = new Float64Array(of === "row" ? rows : cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) sums[of === "row" ? i : j]! += data[i * cols + j]!;
  }
  const out = allocate(sums.length);
  for (let i = 0; i < sums.length; i++) out[i] = sums[i]! * scale;
  return of === "row" ? { rows, cols: 1, data: out } : { rows: 1, cols, data: out };
}

/**
 * Sums over outputs and inputs of a kernel [outputs, inputs, …positions], position by position: each column gets the sum
 * of the columns that have its position. A matrix has one position, so that all its columns get the sum of all.
 */
export function positionSum({ rows, cols, data }: Matrix, positions: number, allocate: Allocate): Matrix {
  const sums = new Float64Array(positions);
  for (let i = 0; i < rows * cols; i++) sums[i % positions]! += data[i]!; // positions are the innermost axis
  const out = allocate(cols);
  for (let j = 0; j < cols; j++) out[j] = sums[j % positions]!;
  return { rows: 1, cols, data: out };
}

/** Newton–Schulz by plain products: the meaning of `orthogonalize…`, and the slow way to it. */
export function orthogonalize(x: Matrix, method: NewtonSchulzName, allocate: Allocate): Matrix {
  const { coefficients, safety } = NEWTON_SCHULZ[method];
  const tall = x.rows > x.cols;
  const wide = tall ? transpose(x, allocate) : x;
  const norm = Math.sqrt((wide.data as Float64Array).reduce((sum, value) => sum + value * value, 0));
  const scale = 1 / Math.max(norm * safety, SMALLEST_NORM);
  let X: Matrix = { ...wide, data: allocate(wide.data.length) };
  for (let i = 0; i < X.data.length; i++) X.data[i] = wide.data[i]! * scale;
  for (const [a, b, c] of coefficients) {
    const A = multiply(X, transpose(X, allocate), allocate);
    const B = multiply(A, A, allocate);
    for (let i = 0; i < B.data.length; i++) B.data[i] = b * A.data[i]! + c * B.data[i]!;
    const BX = multiply(B, X, allocate);
    for (let i = 0; i < BX.data.length; i++) BX.data[i] = a * X.data[i]! + BX.data[i]!;
    X = BX;
  }
  return tall ? transpose(X, allocate) : X;
}

/** What decompositions answer with where there is nothing to decompose: nothing, or NaN for NaN and infinities. */
function undecomposable({ rows, cols, data }: Matrix, allocate: Allocate): Matrix | undefined {
  if (data.length > 0 && (data as Float64Array).every(Number.isFinite)) return undefined;
  return { rows, cols, data: allocate(data.length).fill(Number.NaN) as FloatArray };
}

/**
 * Eigenvectors as columns, by falling eigenvalue, with these eigenvalues. The matrix must be symmetric. Signs are as
 * the decomposition leaves them.
 */
export function eigen(x: Matrix, allocate: Allocate): { values: Float64Array; vectors: Matrix } {
  const { rows: n } = x;
  const nothing = undecomposable(x, allocate);
  if (nothing !== undefined) return { values: new Float64Array(n).fill(Number.NaN), vectors: nothing };
  const found = new EigenvalueDecomposition(toMl(x), { assumeSymmetric: true });
  const order = found.realEigenvalues
    .map((_, k) => k)
    .sort((p, q) => found.realEigenvalues[q]! - found.realEigenvalues[p]!);
  const vectors = allocate(n * n);
  order.forEach((k, j) => {
    for (let i = 0; i < n; i++) vectors[i * n + j] = found.eigenvectorMatrix.get(i, k);
  });
  const values = Float64Array.from(order, (k) => found.realEigenvalues[k]!);
  return { values, vectors: { rows: n, cols: n, data: vectors } };
}

/**
 * A^(−1/p) of a symmetric positive semidefinite matrix. Eigenvalues below ε λ_max, with ε of the storage, count as that: what
 * is smaller is rounding, and may even be negative.
 */
export function inverseRoot(x: Matrix, p: number, allocate: Allocate): Matrix {
  const wide: Allocate = (count) => new Float64Array(count);
  const { values, vectors } = eigen(x, wide);
  const epsilon = x.data.BYTES_PER_ELEMENT === 4 ? 2 ** -23 : Number.EPSILON;
  const smallest = Math.max(epsilon * (values[0] ?? 0), Number.MIN_VALUE);
  const scaled: Matrix = { ...vectors, data: vectors.data.slice() as FloatArray };
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j < x.rows; j++) {
      scaled.data[i * x.rows + j]! *= Math.max(values[j]!, smallest) ** (-1 / p);
    }
  }
  const { data } = multiply(scaled, transpose(vectors, wide), wide);
  const out = allocate(data.length);
  out.set(data);
  return { ...x, data: out };
}

/** Q of x = Q R, with the signs that make the diagonal of R positive. The matrix must be square. */
export function orthonormalBasis(x: Matrix, allocate: Allocate): Matrix {
  const { rows: n } = x;
  const nothing = undecomposable(x, allocate);
  if (nothing !== undefined) return nothing;
  const { orthogonalMatrix: Q, upperTriangularMatrix: R } = new QrDecomposition(toMl(x));
  const data = allocate(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) data[i * n + j] = R.get(j, j) < 0 ? -Q.get(i, j) : Q.get(i, j);
  }
  return { ...x, data };
}

const toMl = ({ rows, cols, data }: Matrix) => MlMatrix.from1DArray(rows, cols, data);

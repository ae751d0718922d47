/** Loops over flat vectors, with sums in float64 whatever they hold; random ones, and small symmetric matrices taken apart. */
import { stream } from "@thalweg/random";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

export type Numbers = Float32Array | Float64Array;

/** Four sums at a time: a single one waits for each addition to end before the next begins. */
export function dot(a: Numbers, b: Numbers): number {
  const n = a.length;
  const whole = n - (n % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < n; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

/** ‖a‖₂ */
export const length = (a: Numbers): number => Math.sqrt(dot(a, a));

/** y ← y + scale·x */
export function add(y: Numbers, scale: number, x: Numbers): void {
  for (let i = 0; i < y.length; i++) y[i]! += scale * x[i]!;
}

/** w ← w − Σ vᵢ ⟨vᵢ, w⟩ over an orthonormal basis; adds each ⟨vᵢ, w⟩ to its coefficient. */
export function project(w: Float64Array, basis: readonly Float32Array[], coefficients?: Float64Array): void {
  basis.forEach((v, i) => {
    const share = dot(v, w);
    add(w, -share, v);
    if (coefficients) coefficients[i]! += share;
  });
}

/** Twice is enough: what rounding leaves of the first projection, the second takes (Parlett, The Symmetric Eigenvalue Problem, 6-9). */
export function projectTwice(w: Float64Array, basis: readonly Float32Array[]): Float64Array {
  const coefficients = new Float64Array(basis.length);
  project(w, basis, coefficients);
  project(w, basis, coefficients);
  return coefficients;
}

/** a / ‖a‖ in float32. */
export function unit(a: Numbers): Float32Array {
  const scale = 1 / length(a);
  return Float32Array.from(a, (value) => value * scale);
}

/** A direction from the whole sphere with equal chances. */
export const randomUnit = (n: number, seed: number, purpose: string, index: number): Float32Array =>
  unit(stream(seed, purpose, index).fillNormal(new Float32Array(n)));

/** Every entry ±1 with equal chances, after Rademacher. */
export function randomSigns(n: number, seed: number, purpose: string, index: number): Float32Array {
  const signs = stream(seed, purpose, index).fillUniform(new Float32Array(n));
  return signs.map((u) => (u < 0.5 ? -1 : 1));
}

export interface SmallSpectrum {
  /** In ascending order. */
  readonly values: readonly number[];
  /** Entry `row` of the eigenvector `k`. */
  entry(row: number, k: number): number;
}

/** Eigenvalues and vectors of a symmetric matrix of few rows. */
export function eigenOfSmall(matrix: readonly (readonly number[] | Float64Array)[]): SmallSpectrum {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    new Matrix(matrix.map((row) => Array.from(row))),
    { assumeSymmetric: true },
  );
  const order = realEigenvalues.map((_, k) => k).sort((a, b) => realEigenvalues[a]! - realEigenvalues[b]!);
  return {
    values: order.map((k) => realEigenvalues[k]!),
    entry: (row, k) => eigenvectorMatrix.get(row, order[k]!),
  };
}

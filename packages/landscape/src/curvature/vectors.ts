/** Projections of flat vectors, with sums in float64 whatever they hold; random ones, and small symmetric matrices taken apart. */
import { type Numbers, norm } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** w ← w − Σ vᵢ ⟨vᵢ, w⟩ over an orthonormal basis; adds each ⟨vᵢ, w⟩ to its coefficient. */
export function project(
  w: Float64Array,
  basis: readonly Float32Array[],
  coefficients = new Float64Array(basis.length),
): void {
  const shares = new Float64Array(basis.length);
  forFours(basis, (v, k) => {
    if (v.length === 4) fourDots(v as Four, w, shares, k);
    else for (let i = 0; i < v.length; i++) shares[k + i] = oneDot(v[i]!, w);
  });
  forFours(basis, (v, k) => {
    if (v.length === 4) subtractFour(w, v as Four, shares, k);
    else for (let i = 0; i < v.length; i++) subtractOne(w, v[i]!, shares[k + i]!);
  });
  for (let i = 0; i < shares.length; i++) coefficients[i]! += shares[i]!;
}

/** Twice is enough: what rounding leaves of the first projection, the second takes (Parlett, The Symmetric Eigenvalue Problem, 6-9). */
export function projectTwice(w: Float64Array, basis: readonly Float32Array[]): Float64Array {
  const coefficients = new Float64Array(basis.length);
  project(w, basis, coefficients);
  project(w, basis, coefficients);
  return coefficients;
}

// Most of the time of Lanczos's process that is not the network's: four vectors in each pass over w, in loops that see one kind of
// array only. A basis of 50 over 10⁵ parameters is projected away in a third of the time of single dots and sums.

type Four = readonly [Float32Array, Float32Array, Float32Array, Float32Array];

function forFours(basis: readonly Float32Array[], visit: (v: readonly Float32Array[], from: number) => void) {
  for (let k = 0; k < basis.length; k += 4) visit(basis.slice(k, k + 4), k);
}

function fourDots([a, b, c, d]: Four, w: Float64Array, into: Float64Array, k: number): void {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < w.length; i++) {
    const value = w[i]!;
    s0 += a[i]! * value;
    s1 += b[i]! * value;
    s2 += c[i]! * value;
    s3 += d[i]! * value;
  }
  into[k] = s0;
  into[k + 1] = s1;
  into[k + 2] = s2;
  into[k + 3] = s3;
}

function subtractFour(w: Float64Array, [a, b, c, d]: Four, shares: Float64Array, k: number): void {
  const [s0, s1, s2, s3] = [shares[k]!, shares[k + 1]!, shares[k + 2]!, shares[k + 3]!];
  for (let i = 0; i < w.length; i++) w[i]! -= s0 * a[i]! + s1 * b[i]! + (s2 * c[i]! + s3 * d[i]!);
}

function oneDot(v: Float32Array, w: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < w.length; i++) sum += v[i]! * w[i]!;
  return sum;
}

function subtractOne(w: Float64Array, v: Float32Array, share: number): void {
  for (let i = 0; i < w.length; i++) w[i]! -= share * v[i]!;
}

/** a / ‖a‖ in float32. */
export function unit(a: Numbers): Float32Array {
  const scale = 1 / norm(a);
  const result = new Float32Array(a.length); // Float32Array.from takes 50 times as long
  for (let i = 0; i < a.length; i++) result[i] = a[i]! * scale;
  return result;
}

/** A direction from the whole sphere with equal chances. */
export const randomUnit = (n: number, seed: number, purpose: string, index: number): Float32Array =>
  unit(stream(seed, purpose, index).fillNormal(new Float32Array(n)));

/** Every entry ±1 with equal chances, after Rademacher. */
export function randomSigns(n: number, seed: number, purpose: string, index: number): Float32Array {
  const signs = stream(seed, purpose, index).fillUniform(new Float32Array(n));
  for (let i = 0; i < n; i++) signs[i] = signs[i]! < 0.5 ? -1 : 1;
  return signs;
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

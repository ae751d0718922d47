/**
 * A Gaussian process over the unit cube: Matérn-5/2 with a length scale per axis, and noise.
 *
 *   k(x, x') = s (1 + r + r²/3) e^−r,   r² = 5 d²,   d² = Σ_j w_j (x_j − x'_j)²
 *   y ~ N(0, K + σ² I)                  between choices (x_j − x'_j)² is 0 or 1, the Hamming distance
 *
 * The hyperparameters w, s and σ² are the most probable ones, found by L-BFGS over their logarithms, with the priors and the least noise of Optuna's
 * sampler: they keep axes that do not matter from being fitted to a handful of points.
 *
 * Sources  Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006: algorithm 2.1, eqs. 4.17 and 5.9; Optuna 5
 *          (`optuna/_gp/prior.py`, `gp.py`) for priors and bounds.
 */

import { cholesky, solveCholesky } from "../cholesky.ts";
import { minimize } from "../minimize.ts";
import type { Objective } from "../objective.ts";
import { lbfgs } from "../second-order/lbfgs.ts";
import { dot } from "../vectors.ts";
import { type Axis, cellOf } from "./observation.ts";

/** w per axis, s, and σ². */
export interface Hyperparameters {
  readonly inverseSquaredLengths: Float64Array;
  readonly scale: number;
  readonly noise: number;
}

export const LEAST_NOISE = 1e-6;

/** k as a function of d², and its derivative. */
export function matern(scale: number, squaredDistance: number): number {
  const r = Math.sqrt(5 * squaredDistance);
  return scale * (1 + r + (r * r) / 3) * Math.exp(-r);
}

/** dk/d(d²) = dk/dr · dr/d(d²) = −s r(1 + r)/3 e^−r · 5/(2r) = −(5/6) s (1 + r) e^−r */
export function maternSlope(scale: number, squaredDistance: number): number {
  const r = Math.sqrt(5 * squaredDistance);
  return (-5 / 6) * scale * (1 + r) * Math.exp(-r);
}

/** (a − b)² along an axis; between choices 0 or 1. */
const squaredDifference = (axis: Axis, a: number, b: number): number =>
  axis.kind === "choices" ? (cellOf(axis, a) === cellOf(axis, b) ? 0 : 1) : (a - b) ** 2;

/** Squared differences of all pairs, per axis: the kernel's parameters change, these do not. */
function pairwise(axes: readonly Axis[], points: readonly Float64Array[]): Float64Array[] {
  const n = points.length;
  return axes.map((axis, j) => {
    const D = new Float64Array(n * n);
    for (let a = 0; a < n; a++) {
      for (let b = 0; b <= a; b++) D[a * n + b] = squaredDifference(axis, points[a]![j]!, points[b]![j]!);
    }
    return D;
  });
}

/** Lower triangle of K + σ²I, and of d². */
function covariance(
  D: readonly Float64Array[],
  n: number,
  { inverseSquaredLengths, scale, noise }: Hyperparameters,
) {
  const K = new Float64Array(n * n);
  const squared = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) {
      const at = a * n + b;
      let sum = 0;
      for (let j = 0; j < D.length; j++) sum += inverseSquaredLengths[j]! * D[j]![at]!;
      squared[at] = sum;
      K[at] = matern(scale, sum);
    }
    K[a * n + a]! += noise;
  }
  return { K, squared };
}

/** log(w₁) … log(w_d), log(s), log(σ² − least noise) → hyperparameters. */
function fromLogs(logs: ArrayLike<number>, axes: number): Hyperparameters {
  return {
    inverseSquaredLengths: Float64Array.from({ length: axes }, (_, j) => Math.exp(logs[j]!)),
    scale: Math.exp(logs[axes]!),
    noise: Math.exp(logs[axes + 1]!) + LEAST_NOISE,
  };
}

/** Lengths −(0.1/w + 0.1 w); scale Gamma(2, rate 1); noise Gamma(1.1, rate 30): log densities up to constants. */
const PRIORS = {
  length: (w: number) => -0.1 / w - 0.1 * w,
  lengthSlope: (w: number) => 0.1 / (w * w) - 0.1,
  scale: (s: number) => Math.log(s) - s,
  scaleSlope: (s: number) => 1 / s - 1,
  noise: (v: number) => 0.1 * Math.log(v) - 30 * v,
  noiseSlope: (v: number) => 0.1 / v - 30,
};

/**
 * −(log p(y | w, s, σ²) + log prior) over the logarithms, with its gradient.
 *
 *   log p = −½ yᵀα − ½ log det K − (n/2) log 2π,   α = K⁻¹y
 *   ∂ log p/∂θ = ½ tr((ααᵀ − K⁻¹) ∂K/∂θ)
 */
export function posteriorOfLogs(
  axes: readonly Axis[],
  points: readonly Float64Array[],
  y: Float64Array,
): Objective {
  const n = points.length;
  const D = pairwise(axes, points);
  const parameters = axes.length;
  const L = new Float64Array(n * n);
  const evaluate = (logs: Float64Array, into: Float64Array | undefined): number => {
    const hyper = fromLogs(logs, parameters);
    const { inverseSquaredLengths: w, scale, noise } = hyper;
    const { K, squared } = covariance(D, n, hyper);
    // e.g. a scale of 1e12 beside the least noise: no place to be
    if (!cholesky(K, n, 0, L)) return Number.POSITIVE_INFINITY;
    const alpha = y.slice();
    solveCholesky(L, n, alpha);
    const fit = -0.5 * dot(y, alpha) - 0.5 * logDeterminant(L, n) - 0.5 * n * Math.log(2 * Math.PI);
    const prior = w.reduce((sum, one) => sum + PRIORS.length(one), PRIORS.scale(scale) + PRIORS.noise(noise));
    if (into === undefined) return -(fit + prior);

    const inverted = inverse(L, n);
    into.fill(0);
    for (let a = 0; a < n; a++) {
      for (let b = 0; b <= a; b++) {
        const at = a * n + b;
        const twice = a === b ? 0.5 : 1; // off the diagonal, both triangles
        const weight = twice * (alpha[a]! * alpha[b]! - inverted[at]!);
        const slope = weight * maternSlope(scale, squared[at]!);
        for (let j = 0; j < parameters; j++) into[j]! += slope * D[j]![at]!;
        into[parameters]! += (weight * matern(scale, squared[at]!)) / scale;
        if (a === b) into[parameters + 1]! += weight;
      }
    }
    // d/d log θ = θ d/dθ
    for (let j = 0; j < parameters; j++) into[j] = -(into[j]! + PRIORS.lengthSlope(w[j]!)) * w[j]!;
    into[parameters] = -(into[parameters]! + PRIORS.scaleSlope(scale)) * scale;
    into[parameters + 1] = -(into[parameters + 1]! + PRIORS.noiseSlope(noise)) * (noise - LEAST_NOISE);
    return -(fit + prior);
  };
  return {
    name: "negative log posterior of a Gaussian process",
    dimension: parameters + 2,
    value: (logs) => evaluate(logs, undefined),
    gradient: evaluate,
  };
}

/** log det LLᵀ */
function logDeterminant(L: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(L[i * n + i]!);
  return 2 * sum;
}

/**
 * The lower triangle of (LLᵀ)⁻¹ = MᵀM with M = L⁻¹, which is solved for row by row: M_i = (e_i − Σ_{k<i} L_ik M_k)/L_ii. Inner loops run along rows.
 */
function inverse(L: Float64Array, n: number): Float64Array {
  const M = new Float64Array(n * n);
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let k = 0; k < i; k++) {
      const factor = L[row + k]!;
      for (let j = 0; j <= k; j++) M[row + j]! -= factor * M[k * n + j]!;
    }
    M[row + i] = 1;
    for (let j = 0; j <= i; j++) M[row + j]! /= L[row + i]!;
    for (let a = 0; a <= i; a++) {
      const factor = M[row + a]!;
      for (let b = 0; b <= a; b++) out[a * n + b]! += factor * M[row + b]!;
    }
  }
  return out;
}

/** w = s = 1, and noise of the least noise's order: Optuna starts at 1 for all, from which noise may explain everything. */
export const startOfFit = (axes: number): Float64Array =>
  Float64Array.from({ length: axes + 2 }, (_, i) => (i === axes + 1 ? Math.log(1e-2) : 0));

/** The most probable hyperparameters, as near as L-BFGS finds them from `startOfFit`. */
export function fitHyperparameters(
  axes: readonly Axis[],
  points: readonly Float64Array[],
  y: Float64Array,
): Hyperparameters {
  const objective = posteriorOfLogs(axes, points, y);
  const fitted = minimize(lbfgs, objective, startOfFit(axes.length), {
    budget: 200,
    gradientTolerance: 1e-2,
    trace: "none",
  });
  return fromLogs(fitted.point, axes.length);
}

/** What the process says of one point, and how that changes with it. */
export interface Prediction {
  readonly mean: number;
  readonly variance: number;
}

export interface GaussianProcess {
  readonly hyperparameters: Hyperparameters;
  predict(point: ArrayLike<number>): Prediction;
  /** Also writes the gradients of mean and variance; along choices they are 0. */
  predictWithSlopes(point: ArrayLike<number>, mean: Float64Array, variance: Float64Array): Prediction;
}

/** Condition on y at the points; the prediction is of the function, without noise. */
export function condition(
  axes: readonly Axis[],
  points: readonly Float64Array[],
  y: Float64Array,
  hyperparameters: Hyperparameters,
): GaussianProcess {
  const n = points.length;
  const { inverseSquaredLengths: w, scale } = hyperparameters;
  const { K } = covariance(pairwise(axes, points), n, hyperparameters);
  const L = new Float64Array(n * n);
  if (!cholesky(K, n, 0, L)) {
    throw new RangeError(
      `Cannot condition a Gaussian process as its covariance at ${n} points must be positive definite: raise the noise, ${hyperparameters.noise}`,
    );
  }
  /** K⁻¹b */
  const solve = (b: Float64Array) => {
    const x = b.slice();
    solveCholesky(L, n, x);
    return x;
  };
  const alpha = solve(y);

  const squaredDistance = (point: ArrayLike<number>, other: Float64Array) =>
    axes.reduce((sum, axis, j) => sum + w[j]! * squaredDifference(axis, point[j]!, other[j]!), 0);

  // mean = kᵀα,  variance = s − kᵀK⁻¹k
  const predict = (point: ArrayLike<number>): Prediction => {
    const k = Float64Array.from(points, (other) => matern(scale, squaredDistance(point, other)));
    return { mean: dot(k, alpha), variance: Math.max(scale - dot(k, solve(k)), 0) };
  };

  return {
    hyperparameters,
    predict,
    predictWithSlopes(point, mean, variance) {
      const squared = points.map((other) => squaredDistance(point, other));
      const k = Float64Array.from(squared, (d) => matern(scale, d));
      const weights = solve(k);
      mean.fill(0);
      variance.fill(0);
      for (const [a, other] of points.entries()) {
        const slope = 2 * maternSlope(scale, squared[a]!);
        for (const [j, axis] of axes.entries()) {
          if (axis.kind === "choices") continue;
          const dk = slope * w[j]! * (point[j]! - other[j]!);
          mean[j]! += alpha[a]! * dk;
          variance[j]! -= 2 * weights[a]! * dk;
        }
      }
      return { mean: dot(k, alpha), variance: Math.max(scale - dot(k, weights), 0) };
    },
  };
}

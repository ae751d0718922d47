/**
 * The trace of a curvature with a standard error, by Hutch++: the part of the matrix that a few random products span is summed
 * exactly, and only the rest is estimated.
 *
 *   tr A = tr(QᵀAQ) + E[gᵀPAPg]        Q an orthonormal basis of A S, S random signs; P = I − QQᵀ; g random signs
 *
 * Spectra of networks are a few large eigenvalues over many small ones: Q takes the large ones, and what is left has little variance.
 * The error is the standard error of the mean over the g; estimation ends when that is small enough, never because the mean
 * has stopped moving. With `sketch: 0` this is Hutchinson's estimator.
 *
 * Traces of single tensors ℓ come with it, at no further product:
 *
 *   tr_ℓ A = Σ over q of q_ℓ·(Aq)_ℓ + q_ℓ·(PAq)_ℓ  +  E[g_ℓ·(PAPg)_ℓ]
 *
 * Source  Meyer, Musco, Musco & Woodruff, "Hutch++: optimal stochastic trace estimation", SOSA 2021, Algorithm 1.
 */

import { dot, norm } from "@thalweg/optim";
import type { CurvatureOperator } from "./operator.ts";
import { project, projectTwice, randomSigns, unit } from "./vectors.ts";

/** A number with the standard error of its estimation. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

export interface TraceOptions {
  /** Columns of Q, each two products; 10 by default. */
  readonly sketch?: number;
  /** Standard error, as a share of the trace, at which it is known well enough; 0.01 by default. */
  readonly tolerance?: number;
  /** Most products in all; 60 by default. */
  readonly products?: number;
  readonly seed?: number;
}

export interface Trace extends Estimate {
  /** Of every tensor, by its name, where the operator knows them. */
  readonly tensors: Readonly<Record<string, Estimate>>;
  readonly converged: boolean;
  readonly products: number;
}

/** Fewer samples than this give no standard error to go by. */
const LEAST_SAMPLES = 5;

/** Estimate it. Raises RangeError for options that cannot be. */
export async function trace(operator: CurvatureOperator, options: TraceOptions = {}): Promise<Trace> {
  const { dimension, segments = [] } = operator;
  const { tolerance = 0.01, products: most = 60, seed = 0 } = options;
  const sketch = Math.min(options.sketch ?? 10, dimension);
  checkOptions(sketch, tolerance, most);

  const product = new Float64Array(dimension);
  let products = 0;
  const multiply = async (v: Float32Array) => {
    await operator.apply(v, product);
    products++;
  };

  const Q: Float32Array[] = [];
  for (let k = 0; k < sketch; k++) {
    await multiply(randomSigns(dimension, seed, "trace/sketch", k));
    const scale = norm(product);
    projectTwice(product, Q);
    if (norm(product) > ROUNDING * scale) Q.push(unit(product)); // else A has no larger range
  }
  /** The whole, and then every tensor. */
  const parts = [{ offset: 0, size: dimension }, ...segments];
  const exact = new Float64Array(parts.length);
  const onParts = (a: Float32Array, b: Float64Array, sums: Float64Array) =>
    parts.forEach(({ offset, size }, k) => {
      sums[k]! += dot(a.subarray(offset, offset + size), b.subarray(offset, offset + size));
    });
  for (const q of Q) {
    await multiply(q);
    onParts(q, product, exact);
    projectTwice(product, Q);
    onParts(q, product, exact);
  }

  const mean = new Float64Array(parts.length);
  const squares = new Float64Array(parts.length); // Σ (x − mean)²
  const affordable = most - products;
  const nothingLeft = Q.length === dimension;
  let samples = 0;
  const estimate = (k: number): Estimate => ({
    value: exact[k]! + mean[k]!,
    standardError: nothingLeft ? 0 : Math.sqrt(squares[k]! / (samples * (samples - 1))),
  });
  let converged = nothingLeft;
  while (!converged && samples < affordable) {
    const g = new Float64Array(randomSigns(dimension, seed, "trace/rest", samples));
    project(g, Q);
    const projected = new Float32Array(g);
    await multiply(projected);
    project(product, Q);
    samples++;
    const drawn = new Float64Array(parts.length);
    onParts(projected, product, drawn);
    drawn.forEach((x, k) => {
      const deviation = x - mean[k]!;
      mean[k]! += deviation / samples;
      squares[k]! += deviation * (x - mean[k]!);
    });
    const { value, standardError } = estimate(0);
    converged = samples >= LEAST_SAMPLES && standardError <= tolerance * Math.abs(value);
  }
  const tensors = segments.map(({ name }, k) => [name, estimate(k + 1)]);
  return { ...estimate(0), tensors: Object.fromEntries(tensors), converged, products };
}

/** What is left of a vector of length one after it was projected away in float32. */
const ROUNDING = 2 ** -20;

function checkOptions(sketch: number, tolerance: number, products: number): void {
  const refuse = (name: string, requirement: string, value: number) => {
    throw new RangeError(
      `Cannot estimate a trace as ${name} must be ${requirement}: current value is ${value}`,
    );
  };
  if (!(Number.isSafeInteger(sketch) && sketch >= 0)) refuse("sketch", "a whole number, at least 0", sketch);
  if (!(tolerance > 0)) refuse("tolerance", "above 0", tolerance);
  const least = 2 * sketch + LEAST_SAMPLES;
  if (!(Number.isSafeInteger(products) && products >= least)) {
    refuse("products", `a whole number, at least 2·sketch + ${LEAST_SAMPLES}, ${least}`, products);
  }
}

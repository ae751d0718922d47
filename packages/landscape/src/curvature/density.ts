/**
 * How the eigenvalues of a curvature are spread, by stochastic Lanczos quadrature. Each run of m steps from a random unit vector
 * gives m nodes θ and weights τ (the squares of the first entries of T's eigenvectors), which integrate polynomials up to degree 2m − 1
 * against the spectrum as that vector sees it; the mean over runs is an estimate of
 *
 *   φ(t) = (1/P) Σ δ(t − λᵢ)  ≈  mean over runs of Σ τ δ(t − θ)        drawn with each δ as a normal density of deviation σ
 *
 * Nodes and weights are kept, so that σ can be chosen afterwards. Moments are means over the runs, each with its standard error:
 * ∫ t φ = tr A / P and ∫ t² φ = ‖A‖²_F / P.
 *
 * Source  Ubaru, Chen & Saad, SIAM J. Matrix Anal. Appl. 38 (2017); Ghorbani, Krishnan & Xiao, arXiv:1901.10159.
 */
import { Krylov } from "./krylov.ts";
import type { CurvatureOperator } from "./operator.ts";
import type { Estimate } from "./trace.ts";

export interface DensityOptions {
  /** m, products of each run; 30 by default. */
  readonly steps?: number;
  /** From different vectors; 5 by default. */
  readonly runs?: number;
  readonly seed?: number;
}

/** What one run found. Weights sum to 1. */
export interface Quadrature {
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
}

export interface SpectralDensity {
  readonly runs: readonly Quadrature[];
  readonly dimension: number;
  readonly products: number;
}

/** Run it. Raises RangeError for no steps or runs. */
export async function spectralDensity(
  operator: CurvatureOperator,
  options: DensityOptions = {},
): Promise<SpectralDensity> {
  const { steps = 30, runs = 5, seed = 0 } = options;
  for (const [name, value] of Object.entries({ steps, runs })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(
      `Cannot estimate a spectral density as ${name} must be a whole number, at least 1: current value is ${value}`,
    );
  }
  const found: Quadrature[] = [];
  let products = 0;
  for (let run = 0; run < runs; run++) {
    const krylov = new Krylov(operator, { seed, run });
    do await krylov.extend();
    while (krylov.basis.length < steps && krylov.beta > 0);
    products += krylov.products;
    const { values, entry } = krylov.ritz();
    found.push({ nodes: values, weights: values.map((_, k) => entry(0, k) ** 2) });
  }
  return { runs: found, dimension: operator.dimension, products };
}

/** ∫ t^power φ(t) dt over the runs; the standard error is NaN for a single run. */
export function moment({ runs }: SpectralDensity, power: number): Estimate {
  const each = runs.map(({ nodes, weights }) =>
    nodes.reduce((sum, node, k) => sum + weights[k]! * node ** power, 0),
  );
  return meanOf(each);
}

/** The share of eigenvalues below a bound. */
export function shareBelow({ runs }: SpectralDensity, bound: number): Estimate {
  const each = runs.map(({ nodes, weights }) =>
    nodes.reduce((sum, node, k) => sum + (node < bound ? weights[k]! : 0), 0),
  );
  return meanOf(each);
}

/** The least and the largest node of all runs. */
export function nodeRange({ runs }: SpectralDensity): readonly [low: number, high: number] {
  const nodes = runs.flatMap((run) => run.nodes);
  return [Math.min(...nodes), Math.max(...nodes)];
}

/** The range of the nodes over the steps of a run: as wide as what quadrature can tell apart. */
export function defaultDeviation(density: SpectralDensity): number {
  const [low, high] = nodeRange(density);
  const steps = Math.max(...density.runs.map(({ nodes }) => nodes.length));
  return (high - low) / steps || Math.max(Math.abs(high), 1) * 1e-3;
}

/** φ at points, with each node drawn as a normal density of this deviation. It integrates to 1. */
export function densityAt({ runs }: SpectralDensity, points: readonly number[], deviation: number): number[] {
  const factor = 1 / (deviation * Math.sqrt(2 * Math.PI) * runs.length);
  return points.map((t) => {
    let sum = 0;
    for (const { nodes, weights } of runs) {
      nodes.forEach((node, k) => {
        sum += weights[k]! * Math.exp(-0.5 * ((t - node) / deviation) ** 2);
      });
    }
    return sum * factor;
  });
}

function meanOf(values: readonly number[]): Estimate {
  const n = values.length;
  const value = values.reduce((sum, x) => sum + x, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (n * (n - 1))) };
}

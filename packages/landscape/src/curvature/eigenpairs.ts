/**
 * The outermost eigenvalues of a curvature with their vectors, by Lanczos's process with full reorthogonalisation and thick restarts.
 *
 *   A u ≈ λ u        residual ‖A u − λ u‖, and some true eigenvalue lies within it of λ
 *
 * Ends when each wanted pair has residual ≤ tolerance·|λ|, or the products are spent: then `converged` is false, and the residuals tell
 * how far it got. λ itself is better than its residual r: within r² / gap, with the gap to the next eigenvalue. Products of
 * float32 networks are good to 1e-6 of ‖A‖, so no tolerance helps below that.
 *
 * Source  Wu & Simon, SIAM J. Matrix Anal. Appl. 22 (2000); Parlett, The Symmetric Eigenvalue Problem, chapter 13.
 * Differs From one starting vector, an eigenvalue with several vectors is found once, and again only after the others have converged.
 */

import { add, norm } from "@thalweg/optim";
import { Krylov } from "./krylov.ts";
import { type CurvatureOperator, requireLength } from "./operator.ts";
import type { SmallSpectrum } from "./vectors.ts";

export const ends = ["largest", "smallest", "magnitude", "both"] as const;
/** Which end of the spectrum: "magnitude" takes from both by |λ|, "both" by turns, first the largest and then the smallest. */
export type End = (typeof ends)[number];

/** A share of ‖A‖ below which residuals are rounding of float32 products. */
const ROUNDING = 2 ** -20;

export interface EigenOptions {
  /** How many; 1 by default. */
  readonly count?: number;
  readonly which?: End;
  /** Residual, as a share of |λ|, at which a pair is found; of "both", of the largest |λ|, as the other end may be zero. 1e-3 by default. */
  readonly tolerance?: number;
  /** Most products with the matrix; 200 by default. */
  readonly products?: number;
  /** Most vectors that are kept at a time, each as large as the parameters; 2·count + 24 by default. */
  readonly basis?: number;
  readonly seed?: number;
  /** Vectors to start from, such as those found at an earlier step; their sum is. */
  readonly start?: readonly Float32Array[];
}

export interface Eigenpairs {
  /** In the order of `which`: the outermost first. */
  readonly values: readonly number[];
  readonly vectors: readonly Float32Array[];
  /** ‖A u − λ u‖ by the process; `confirmResiduals` measures it. */
  readonly residuals: readonly number[];
  readonly converged: boolean;
  readonly products: number;
}

/** Indices into an ascending list of so many values, outermost first. */
const ORDERS: Readonly<Record<End, (values: readonly number[]) => number[]>> = {
  largest: (values) => values.map((_, k) => values.length - 1 - k),
  smallest: (values) => values.map((_, k) => k),
  both: (values) => values.map((_, k) => (k % 2 === 0 ? values.length - 1 - k / 2 : (k - 1) / 2)),
  magnitude: (values) => values.map((_, k) => k).sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!)),
};

/** Find them. Raises RangeError for options that cannot be. */
export async function eigenpairs(
  operator: CurvatureOperator,
  options: EigenOptions = {},
): Promise<Eigenpairs> {
  const { dimension } = operator;
  const { count = 1, which = "largest", tolerance = 1e-3, products = 200, seed = 0, start = [] } = options;
  const { basis = 2 * count + 24 } = options;
  checkOptions({ count, tolerance, products, basis }, dimension);
  for (const vector of start) requireLength("start from a vector", vector, dimension);

  const krylov = new Krylov(operator, { seed, start: sum(start, dimension) });
  for (;;) {
    await krylov.extend();
    const { values, entry, residual } = krylov.ritz();
    const wanted = ORDERS[which](values).slice(0, count);
    const size = Math.max(Math.abs(values[0]!), Math.abs(values.at(-1)!));
    const floor = (which === "both" ? tolerance : ROUNDING) * size;
    const good = (k: number) => residual(k) <= Math.max(tolerance * Math.abs(values[k]!), floor);
    const found = wanted.length === count && wanted.every(good);
    if (found || krylov.complete || krylov.products >= products) {
      const spectrum: SmallSpectrum = { values, entry };
      return {
        values: wanted.map((k) => values[k]!),
        vectors: wanted.map((k) => krylov.ritzVector(spectrum, k)),
        residuals: wanted.map(residual),
        converged: found,
        products: krylov.products,
      };
    }
    if (krylov.basis.length >= basis) {
      const kept = ORDERS[which](values).slice(0, Math.ceil((count + basis) / 2));
      krylov.restart({ values, entry }, kept);
    }
  }
}

/** ‖A u − λ u‖ of each pair, by one more product each: what rounding left of the process's own residuals. */
export async function confirmResiduals(
  operator: CurvatureOperator,
  { values, vectors }: Pick<Eigenpairs, "values" | "vectors">,
): Promise<number[]> {
  const product = new Float64Array(operator.dimension);
  const residuals: number[] = [];
  for (const [k, u] of vectors.entries()) {
    await operator.apply(u, product);
    add(product, -values[k]!, u);
    residuals.push(norm(product));
  }
  return residuals;
}

function sum(vectors: readonly Float32Array[], dimension: number): Float32Array | undefined {
  if (vectors.length === 0) return undefined;
  const total = new Float32Array(dimension);
  for (const vector of vectors) add(total, 1, vector);
  return total;
}

function checkOptions(
  { count, tolerance, products, basis }: Record<"count" | "tolerance" | "products" | "basis", number>,
  dimension: number,
): void {
  const refuse = (name: string, requirement: string, value: number) => {
    throw new RangeError(
      `Cannot find eigenvalues as ${name} must be ${requirement}: current value is ${value}`,
    );
  };
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  if (!(whole(count, 1) && count <= dimension))
    refuse("count", `a whole number from 1 to the dimension, ${dimension}`, count);
  if (!(tolerance > 0 && tolerance < 1)) refuse("tolerance", "in (0, 1)", tolerance);
  if (!whole(products, count)) refuse("products", `a whole number, at least count, ${count}`, products);
  if (!whole(basis, count + 2)) refuse("basis", `a whole number, at least count + 2, ${count + 2}`, basis);
}

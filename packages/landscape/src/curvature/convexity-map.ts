/**
 * Where on a plane the loss is convex: the largest and the smallest eigenvalue of its whole Hessian at every point of a grid, not of the
 * two dimensions that are drawn. A plane may look like a bowl and lie across a saddle.
 *
 *   |λ_min / λ_max|      0 where the loss is convex, 1 where it bends down as much as up
 *
 * Points are visited row by row, there and back, and each begins from the vectors of the one before: a few products instead of
 * dozens. Buffers, such as running statistics, stay as they are.
 *
 * Source  Li et al., arXiv:1712.09913, section 6.
 * Differs Products there are sums over batches, so only the ratio has a meaning; here both eigenvalues have one.
 */

import { columnsOf, type Grid, placeOf, rowsOf } from "../evaluate/grid.ts";
import { type AffineFamily, writePoint } from "../families/affine.ts";
import { eigenpairs } from "./eigenpairs.ts";
import type { CurvatureOperator } from "./operator.ts";
import type { SampledLoss } from "./sampled-loss.ts";

export interface ConvexityOptions {
  readonly family: AffineFamily;
  readonly grid: Grid;
  /** Residual, as a share of the larger |λ|; 1e-2 by default. */
  readonly tolerance?: number;
  /** Most products of one point; 60 by default. */
  readonly products?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Told of each point. */
  onPoint?(point: { row: number; column: number; smallest: number; largest: number }): void;
}

/** Points with x fastest, as in a grid. What is not finite, or not reached before the signal, is NaN. */
export interface ConvexityMap {
  readonly columns: number;
  readonly rows: number;
  readonly smallest: Float64Array;
  readonly largest: Float64Array;
  /** Whether both residuals were small enough, 1, or not, 0. */
  readonly converged: Uint8Array;
  /** Share of the measured points whose smallest eigenvalue is below −tolerance times the larger |λ|. */
  readonly nonConvex: number;
  readonly products: number;
}

/** Measure it. θ is afterwards what it was. Raises RangeError for a family of another model. */
export async function convexityMap(loss: SampledLoss, options: ConvexityOptions): Promise<ConvexityMap> {
  const { family, grid, tolerance = 1e-2, products: most = 60, seed = 0, signal, onPoint } = options;
  const { parameters } = loss.vector;
  if (family.origin.length !== parameters.length) {
    throw new RangeError(
      `Cannot map convexity as the plane must lie in the model's ${parameters.length} dimensions: it lies in ${family.origin.length}`,
    );
  }
  const [columns, rows] = [columnsOf(grid), rowsOf(grid)];
  const count = columns * rows;
  const map = {
    columns,
    rows,
    smallest: new Float64Array(count).fill(Number.NaN),
    largest: new Float64Array(count).fill(Number.NaN),
    converged: new Uint8Array(count),
  };
  const operator = loss.hessian();
  const theta = parameters.slice();
  let products = 0;
  let start: readonly Float32Array[] = [];
  try {
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < columns; k++) {
        if (signal?.aborted) break;
        const column = row % 2 === 0 ? k : columns - 1 - k;
        writePoint(family, placeOf(grid, row, column), parameters);
        if (!Number.isFinite(await loss.value())) continue;
        const found = await bothEnds(operator, { tolerance, products: most, seed, start });
        if (found === undefined) continue;
        const point = row * columns + column;
        [map.largest[point], map.smallest[point]] = found.values as [number, number];
        map.converged[point] = Number(found.converged);
        products += found.products + 1;
        start = found.vectors;
        onPoint?.({ row, column, smallest: map.smallest[point]!, largest: map.largest[point]! });
      }
    }
  } finally {
    parameters.set(theta);
  }
  return { ...map, nonConvex: shareOfNonConvex(map, tolerance), products };
}

/** λ_max and λ_min with their vectors; undefined where products are not finite, as they may be where the loss still is. */
async function bothEnds(
  operator: CurvatureOperator,
  options: { tolerance: number; products: number; seed: number; start: readonly Float32Array[] },
) {
  const probe = new Float64Array(operator.dimension);
  await operator.apply(options.start[0] ?? new Float32Array(operator.dimension).fill(1), probe);
  if (!probe.every(Number.isFinite)) return undefined;
  return eigenpairs(operator, { ...options, count: Math.min(2, operator.dimension), which: "both" });
}

function shareOfNonConvex(
  { smallest, largest }: Pick<ConvexityMap, "smallest" | "largest">,
  tolerance: number,
): number {
  let [measured, below] = [0, 0];
  smallest.forEach((low, point) => {
    if (Number.isNaN(low)) return;
    measured++;
    if (low < -tolerance * Math.max(Math.abs(low), Math.abs(largest[point]!))) below++;
  });
  return below / measured;
}

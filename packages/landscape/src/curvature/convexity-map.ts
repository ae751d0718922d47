/**
 * Where on a plane the loss is convex: the largest and the smallest eigenvalue of its whole Hessian at every point of a grid, not of the
 * two dimensions that are drawn. A plane may look like a bowl and lie across a saddle.
 *
 *   |λ_min / λ_max|      0 where the loss is convex, 1 where it bends down as much as up
 *
 * A tile is a stretch of a row, and each of its points begins from the vectors of the one before: a few products instead of dozens. Tiles know
 * nothing of each other, so they are evaluated like those of a landscape: by several threads, kept as they come, gone on with after a kill.
 * Buffers, such as running statistics, stay as they are.
 *
 * Source  Li et al., arXiv:1712.09913, section 6.
 * Differs Products there are sums over batches, so only the ratio has a meaning; here both eigenvalues have one.
 */
import type { TileEvaluator } from "../evaluate/evaluator.ts";
import { columnsOf, type Grid, narrowed, placeOf, rowsOf, type Tile } from "../evaluate/grid.ts";
import type { Surface } from "../evaluate/surface.ts";
import { survey, type TileLog } from "../evaluate/survey.ts";
import { type AffineFamily, writePoint } from "../families/affine.ts";
import { eigenpairs } from "./eigenpairs.ts";
import type { CurvatureOperator } from "./operator.ts";
import type { SampledLoss } from "./sampled-loss.ts";

export interface ConvexityForm {
  readonly family: AffineFamily;
  readonly grid: Grid;
  /** Residual, as a share of the larger |λ|; 1e-2 by default. */
  readonly tolerance?: number;
  /** Most products of one point; 60 by default. */
  readonly products?: number;
  readonly seed?: number;
}

export interface ConvexityOptions extends ConvexityForm {
  /** One for each thread that works; one of the loss itself by default. */
  readonly evaluators?: readonly TileEvaluator[];
  readonly log?: TileLog;
  /** Ends the map after the tiles at hand. */
  readonly signal?: AbortSignal;
  /** Told of each tile. */
  onTile?(progress: { done: number; tiles: number }): void;
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
  readonly end: "finished" | "interrupted";
  /** Tiles that were evaluated now, and those that the log held. */
  readonly evaluated: number;
  readonly kept: number;
}

const TOLERANCE = 1e-2;
/** Points of a tile: fewer cost more products, since the first has no neighbour; more cost more at a kill. */
const WIDEST = 16;

/** Both ends of the spectrum for each point of a tile. */
export class ConvexityEvaluator implements TileEvaluator {
  readonly columns = ["smallest", "largest", "converged", "products"];
  private readonly loss: SampledLoss;
  private readonly form: ConvexityForm;

  /** Raises RangeError for a family of another model. */
  constructor(loss: SampledLoss, form: ConvexityForm) {
    const { parameters } = loss.vector;
    const { origin } = form.family;
    if (origin.length !== parameters.length) {
      throw new RangeError(
        `Cannot map convexity as the plane must lie in the model's ${parameters.length} dimensions: it lies in ${origin.length}`,
      );
    }
    this.loss = loss;
    this.form = form;
  }

  /** θ is afterwards what it was. */
  async evaluate({ row, columns: places }: Tile): Promise<Float64Array> {
    const { family, grid, tolerance = TOLERANCE, products = 60, seed = 0 } = this.form;
    const { parameters } = this.loss.vector;
    const theta = parameters.slice();
    const operator = this.loss.hessian();
    const numbers = new Float64Array(places.length * this.columns.length);
    let start: readonly Float32Array[] = [];
    try {
      for (const [i, column] of places.entries()) {
        const at = numbers.subarray(4 * i, 4 * i + 4);
        at.fill(Number.NaN, 0, 2);
        writePoint(family, placeOf(grid, row, column), parameters);
        if (!Number.isFinite(await this.loss.value())) continue;
        const found = await bothEnds(operator, { tolerance, products, seed, start });
        if (found === undefined) continue;
        const [largest, smallest] = found.values as [number, number];
        at.set([smallest, largest, Number(found.converged), found.products + 1]);
        start = found.vectors;
      }
    } finally {
      parameters.set(theta);
    }
    return numbers;
  }

  async release(): Promise<void> {
    await this.loss.release();
  }
}

/** Measure it. θ is afterwards what it was. Raises RangeError for a family of another model. */
export async function convexityMap(loss: SampledLoss, options: ConvexityOptions): Promise<ConvexityMap> {
  const { grid, tolerance = TOLERANCE, log, signal, onTile } = options;
  const { evaluators = [new ConvexityEvaluator(loss, options)] } = options;
  const result = await survey({
    evaluators,
    form: { grid, chunks: [1] },
    tiles: convexityTiles(grid),
    ...(log && { log }),
    ...(signal && { signal }),
    ...(onTile && { onTile }),
  });
  const { surface, end, evaluated, kept } = result;
  return { ...convexityOf(surface, tolerance), end, evaluated, kept };
}

/** Rows in pieces, from the left. */
const convexityTiles = (grid: Grid): Tile[] => {
  const columns = Array.from({ length: columnsOf(grid) }, (_, column) => column);
  return Array.from({ length: rowsOf(grid) }, (_, row) =>
    narrowed({ chunk: 0, row, columns }, WIDEST),
  ).flat();
};

function convexityOf(surface: Surface, tolerance: number): Omit<ConvexityMap, "end" | "evaluated" | "kept"> {
  const { grid } = surface.form;
  const known = (column: string) =>
    surface.total(column).map((value, point) => (surface.isDone(0, point) ? value : Number.NaN));
  const map = { smallest: known("smallest"), largest: known("largest") };
  return {
    ...{ columns: columnsOf(grid), rows: rowsOf(grid) },
    ...map,
    converged: Uint8Array.from(surface.total("converged")),
    nonConvex: shareOfNonConvex(map, tolerance),
    products: surface.total("products").reduce((sum, count) => sum + count, 0),
  };
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

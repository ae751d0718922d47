/**
 * The heights of a landscape as far as they are known: sums over examples for every point, chunk by chunk, and what follows from
 * them. Sums of different chunks are added in the chunks' order whoever computed them first, so a surface has the same bits however
 * the work was shared, stopped and gone on with. A height that is not finite stays so.
 */
import { columnsOf, coordinates, type Grid, pointsOf, type Tile } from "./grid.ts";

export interface SurfaceForm {
  readonly grid: Grid;
  /** Examples in each chunk. */
  readonly chunks: readonly number[];
  /** Names of the sums, as `columnsFor` gives them. */
  readonly columns: readonly string[];
  /** How many examples of each class are in each chunk, where classes are told apart. */
  readonly classCounts?: readonly (readonly number[])[];
}

export class Surface {
  readonly form: SurfaceForm;
  /** By chunk: columns.length sums for each point. */
  private readonly sums: (Float64Array | undefined)[];
  /** By chunk: 1 for each point that is done. */
  private readonly done: (Uint8Array | undefined)[];

  constructor(form: SurfaceForm) {
    this.form = form;
    this.sums = form.chunks.map(() => undefined);
    this.done = form.chunks.map(() => undefined);
  }

  /** Put in what an evaluator gave for a tile. Raises RangeError for another number of sums. */
  add({ chunk, row, columns: places }: Tile, tileSums: Float64Array): void {
    const { grid, columns } = this.form;
    const width = columns.length;
    if (tileSums.length !== places.length * width) {
      throw new RangeError(
        `Cannot add a tile to the surface as it needs ${places.length} × ${width} sums: found ${tileSums.length}`,
      );
    }
    this.sums[chunk] ??= new Float64Array(pointsOf(grid) * width);
    this.done[chunk] ??= new Uint8Array(pointsOf(grid));
    places.forEach((column, i) => {
      const point = row * columnsOf(grid) + column;
      this.sums[chunk]!.set(tileSums.subarray(i * width, (i + 1) * width), point * width);
      this.done[chunk]![point] = 1;
    });
  }

  get x(): Float64Array {
    return coordinates(this.form.grid[0]);
  }

  /** Empty for a line. */
  get y(): Float64Array {
    const [, y] = this.form.grid;
    return y === undefined ? new Float64Array(0) : coordinates(y);
  }

  /** Examples that each point's sums are over; of the first chunks only, where so many are given. */
  counts(chunks?: number): Float64Array {
    return this.countUp((chunk) => this.form.chunks[chunk]!, chunks);
  }

  /** Sum over the examples of a column for each point. Raises RangeError for a column that there is not. */
  total(column: string, chunks?: number): Float64Array {
    const { columns, grid } = this.form;
    const at = this.placeOf(column);
    const totals = new Float64Array(pointsOf(grid));
    for (const sums of this.sums.slice(0, chunks)) {
      if (sums === undefined) continue;
      for (let point = 0; point < totals.length; point++)
        totals[point]! += sums[point * columns.length + at]!;
    }
    return totals;
  }

  /** Sum of a column over one chunk for each point; zero where it is not done, see `isDone`. */
  chunkTotal(column: string, chunk: number): Float64Array {
    const { columns, grid } = this.form;
    const at = this.placeOf(column);
    const sums = this.sums[chunk];
    return Float64Array.from({ length: pointsOf(grid) }, (_, point) =>
      sums === undefined ? 0 : sums[point * columns.length + at]!,
    );
  }

  /** Whether a point is evaluated on a chunk. */
  isDone(chunk: number, point: number): boolean {
    return this.done[chunk]?.[point] === 1;
  }

  /** The mean of a measure for each point; NaN where nothing is known yet. `loss/3` is that of class 3's examples. */
  mean(measure: string, chunks?: number): Float64Array {
    const counts = this.countsOf(measure, chunks);
    return this.total(measure, chunks).map((sum, point) => sum / counts[point]!);
  }

  /**
   * The standard error of the mean loss for each point, if the examples were drawn at random:
   *
   *   s / √n      s² = (Σ ℓ² − (Σ ℓ)² / n) / (n − 1)
   *
   * The examples are the same at all points, so differences between points are known better than that: of the mean `difference` to the
   * reference, this is the standard error of paired differences.
   */
  standardError(chunks?: number, of: "loss" | "difference" = "loss"): Float64Array {
    const counts = this.counts(chunks);
    const sums = this.total(of, chunks);
    return this.total(`${of}Squared`, chunks).map((squares, point) => {
      const n = counts[point]!;
      const sum = sums[point]!;
      return n < 2 ? Number.NaN : Math.sqrt(Math.max(0, squares - (sum * sum) / n) / (n - 1) / n);
    });
  }

  /** Whether losses were compared with a reference. */
  get isCompared(): boolean {
    return this.form.columns.includes("difference");
  }

  /** Points whose loss is known and no finite number. */
  get brokenCount(): number {
    const counts = this.counts();
    return this.total("loss").reduce(
      (broken, sum, point) => broken + (counts[point]! > 0 && !Number.isFinite(sum) ? 1 : 0),
      0,
    );
  }

  /** Measures that `mean` knows. */
  get measures(): string[] {
    return this.form.columns.filter((name) => !name.endsWith("Squared"));
  }

  private placeOf(column: string): number {
    const { columns } = this.form;
    const at = columns.indexOf(column);
    if (at >= 0) return at;
    throw new RangeError(
      `Cannot read ${column} of the surface as it holds ${columns.join(", ")}: measure it when it is evaluated`,
    );
  }

  private countsOf(measure: string, chunks?: number): Float64Array {
    const [, place] = /\/(\d+)$/.exec(measure) ?? [];
    if (place === undefined) return this.counts(chunks);
    return this.countUp((chunk) => this.form.classCounts?.[chunk]?.[Number(place)] ?? 0, chunks);
  }

  private countUp(examplesIn: (chunk: number) => number, chunks?: number): Float64Array {
    const counts = new Float64Array(pointsOf(this.form.grid));
    this.done.slice(0, chunks).forEach((done, chunk) => {
      const examples = examplesIn(chunk);
      done?.forEach((isDone, point) => {
        if (isDone === 1) counts[point]! += examples;
      });
    });
    return counts;
  }
}

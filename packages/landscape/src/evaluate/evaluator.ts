/**
 * Tiles into sums: the loss and other measures of a chunk of examples, added up for each point of a tile. Everything later, such as
 * means, standard errors and surfaces per class, follows from these sums, which are float64 and added in the examples' order: the same
 * tile gives the same bits on any thread, in any run.
 *
 * With a reference, each example's loss is compared with the same example's at the centre, or at the same place of another model's plane: what
 * examples share cancels, and a difference is known better than the two heights that it is of.
 */
import type { Batch } from "@thalweg/train";
import type { AffineFamily } from "../families/affine.ts";
import { ChunkMeter, type MeterOptions } from "./chunk-meter.ts";
import { type Grid, placeOf, type Tile } from "./grid.ts";
import type { RowModel } from "./rows.ts";

export interface EvaluatorOptions extends MeterOptions {
  readonly grid: Grid;
  /** What losses are compared with; nothing by default. */
  readonly reference?: "centre" | { readonly model: RowModel; readonly family: AffineFamily };
}

/** Something that evaluates tiles; several may share the work. */
export interface TileEvaluator {
  /** Names of the sums, in the order in which each point has them. */
  readonly columns: readonly string[];
  /** columns.length sums for each point of the tile. */
  evaluate(tile: Tile): Promise<Float64Array>;
  release(): Promise<void>;
}

/**
 * Sums of each point: of the loss, of its square, of each other measure; then for each class those of the loss and the accuracy
 * of its examples; then, with a reference, of the differences of losses and of their squares.
 */
export function columnsFor(measures: readonly string[], classes = 0, isCompared = false): string[] {
  const others = measures.filter((name) => name !== "loss");
  const perClass = (name: string) => Array.from({ length: classes }, (_, k) => `${name}/${k}`);
  return [
    "loss",
    "lossSquared",
    ...others,
    ...(classes > 0
      ? measures.filter((name) => name === "loss" || name === "accuracy").flatMap(perClass)
      : []),
    ...(isCompared ? ["difference", "differenceSquared"] : []),
  ];
}

export class Evaluator implements TileEvaluator {
  readonly columns: readonly string[];
  private readonly options: EvaluatorOptions;
  private readonly meter: ChunkMeter;
  /** Of another model, where that is the reference. */
  private readonly other: ChunkMeter | undefined;
  private readonly classes: number;
  /** Losses at the centre, where that is the reference. */
  private centre: Float32Array | undefined;

  private constructor(options: EvaluatorOptions, meter: ChunkMeter, other: ChunkMeter | undefined) {
    this.options = options;
    this.meter = meter;
    this.other = other;
    this.classes = options.model.classes ?? 0;
    this.columns = columnsFor(meter.measures, this.classes, options.reference !== undefined);
  }

  /** Compile what is needed. Raises RangeError for data, buffers, a grid or a policy that do not fit the model. */
  static async create(options: EvaluatorOptions): Promise<Evaluator> {
    const { family, grid, reference } = options;
    if (grid.length !== family.basis.length) {
      throw new RangeError(
        `Cannot evaluate the landscape as there must be a range for each of the ${family.basis.length} directions: there are ${grid.length}`,
      );
    }
    const meter = await ChunkMeter.create(options);
    const other =
      typeof reference === "object" ? await ChunkMeter.create({ ...options, ...reference }) : undefined;
    return new Evaluator(options, meter, other);
  }

  /** How many tensors are computed once for the whole family. */
  get cutCount(): number {
    return this.meter.cutCount;
  }

  async evaluate({ chunk, row, columns: places }: Tile): Promise<Float64Array> {
    const { meter, other, classes } = this;
    const { grid, reference, family } = this.options;
    const isAnother = await meter.turnTo(chunk);
    await other?.turnTo(chunk);
    if (isAnother && reference === "centre") {
      this.centre = (await meter.at(family.basis.map(() => 0))).get("loss")!.slice();
    }
    const width = this.columns.length;
    const sums = new Float64Array(places.length * width);
    for (const [i, column] of places.entries()) {
      const c = placeOf(grid, row, column);
      const values = await meter.at(c);
      const own = sums.subarray(i * width, (i + 1) * width);
      addUp(values, meter.batch, classes, own);
      const beside = other === undefined ? this.centre : (await other.at(c)).get("loss")!;
      if (beside !== undefined) compare(values.get("loss")!, beside, own.subarray(width - 2));
    }
    return sums;
  }

  async release(): Promise<void> {
    await this.meter.release();
    await this.other?.release();
  }
}

/** Σ (ℓ − ℓ′) and Σ (ℓ − ℓ′)² over examples. */
function compare(losses: Float32Array, beside: Float32Array, sums: Float64Array): void {
  for (let i = 0; i < losses.length; i++) {
    const difference = losses[i]! - beside[i]!;
    sums[0]! += difference;
    sums[1]! += difference * difference;
  }
}

/** Add every example's measures to the sums of a point, in the order of `columnsFor`. */
function addUp(
  values: ReadonlyMap<string, Float32Array>,
  { labels }: Batch,
  classes: number,
  sums: Float64Array,
): void {
  const losses = values.get("loss")!;
  let squares = 0;
  for (let i = 0; i < losses.length; i++) squares += losses[i]! * losses[i]!;
  sums[0] = total(losses);
  sums[1] = squares;
  let at = 2;
  for (const [name, measured] of values) if (name !== "loss") sums[at++] = total(measured);
  if (classes === 0) return;
  for (const name of ["loss", "accuracy"]) {
    const measured = values.get(name);
    if (measured === undefined) continue;
    for (let i = 0; i < measured.length; i++) sums[at + Number(labels![i])]! += measured[i]!;
    at += classes;
  }
}

function total(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

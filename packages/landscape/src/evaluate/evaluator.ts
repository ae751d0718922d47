/**
 * Tiles into sums: the loss and other measures of a chunk of examples, added up for each point of a tile. Everything later, such as
 * means, standard errors and surfaces per class, follows from these sums, which are float64 and added in the examples' order: the same
 * tile gives the same bits on any thread, in any run.
 */
import { type Batch, ParameterVector } from "@thalweg/train";
import type { AffineFamily } from "../families/affine.ts";
import { BakedProgram, bakingPays } from "./baked-program.ts";
import { BufferMover } from "./batch-norm.ts";
import { type Examples, fillExamples } from "./examples.ts";
import { type Grid, placeOf, type Tile } from "./grid.ts";
import { type BatchNormPolicy, type ChunkProgram, PointProgram } from "./point-program.ts";
import type { RowModel } from "./rows.ts";

export interface EvaluatorOptions {
  readonly model: RowModel;
  readonly family: AffineFamily;
  readonly grid: Grid;
  readonly examples: Examples;
  /** Examples in each chunk, in order. */
  readonly chunks: readonly number[];
  readonly batchNorm?: BatchNormPolicy;
  /** Examples that running statistics are measured on, where they are. */
  readonly statisticsOf?: number;
  readonly threads?: number;
  /** False computes everything at every point, from parameters that are inputs: the slow way that others are held to. */
  readonly ahead?: boolean;
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
 * of its examples.
 */
export function columnsFor(measures: readonly string[], classes = 0): string[] {
  const others = measures.filter((name) => name !== "loss");
  const perClass = (name: string) => Array.from({ length: classes }, (_, k) => `${name}/${k}`);
  return [
    "loss",
    "lossSquared",
    ...others,
    ...(classes > 0
      ? measures.filter((name) => name === "loss" || name === "accuracy").flatMap(perClass)
      : []),
  ];
}

export class Evaluator implements TileEvaluator {
  readonly columns: readonly string[];
  private readonly options: EvaluatorOptions;
  private readonly vector: ParameterVector;
  private readonly programs: ReadonlyMap<number, ChunkProgram>;
  private readonly begins: readonly number[];
  private readonly buffers: BufferMover | null;
  private readonly classes: number;
  private chunk = -1;

  private constructor(
    options: EvaluatorOptions,
    vector: ParameterVector,
    programs: ReadonlyMap<number, ChunkProgram>,
    measures: readonly string[],
    buffers: BufferMover | null,
  ) {
    this.options = options;
    this.vector = vector;
    this.programs = programs;
    this.buffers = buffers;
    this.classes = options.model.classes ?? 0;
    this.columns = columnsFor(measures, this.classes);
    let begin = 0;
    this.begins = options.chunks.map((size) => {
      begin += size;
      return begin - size;
    });
  }

  /** Compile the model for each size of chunk. Raises RangeError for data, buffers or a policy that do not fit it. */
  static async create(options: EvaluatorOptions): Promise<Evaluator> {
    const { model, family, chunks, examples, batchNorm = "fixed", threads = 1, ahead = true } = options;
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    requireFitting(options, vector);
    vector.parameters.set(family.origin);
    vector.buffers.set(family.buffers?.origin ?? []);
    const programs = new Map<number, ChunkProgram>();
    for (const batchSize of new Set(chunks)) {
      const program = { model, family, vector, batchSize, batchNorm, threads, ahead };
      programs.set(
        batchSize,
        ahead && bakingPays(program) ? new BakedProgram(program) : await PointProgram.create(program),
      );
    }
    const sample = programs.get(chunks[0]!)!;
    fillExamples(examples, 0, sample.batch);
    await sample.prepare();
    const measures = [...(await sample.run(family.basis.map(() => 0))).keys()];
    const moves =
      vector.bufferSegments.length > 0 && (batchNorm === "interpolate" || batchNorm === "recompute");
    const buffers = moves ? await BufferMover.create({ ...options, batchNorm, vector, threads }) : null;
    return new Evaluator(options, vector, programs, measures, buffers);
  }

  /** How many tensors are computed once for the whole family. */
  get cutCount(): number {
    return [...this.programs.values()][0]!.cutCount;
  }

  async evaluate({ chunk, row, columns: places }: Tile): Promise<Float64Array> {
    const { grid, chunks, examples } = this.options;
    const program = this.programs.get(chunks[chunk]!)!;
    if (chunk !== this.chunk) {
      fillExamples(examples, this.begins[chunk]!, program.batch);
      await program.prepare();
      this.chunk = chunk;
    }
    const width = this.columns.length;
    const sums = new Float64Array(places.length * width);
    for (const [i, column] of places.entries()) {
      const c = placeOf(grid, row, column);
      await this.buffers?.move(c, this.vector);
      const values = await program.run(c);
      addUp(values, program.batch, this.classes, sums.subarray(i * width, (i + 1) * width));
    }
    return sums;
  }

  async release(): Promise<void> {
    for (const program of this.programs.values()) await program.release();
    await this.buffers?.release();
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

function requireFitting({ family, chunks, examples, grid }: EvaluatorOptions, vector: ParameterVector): void {
  if (family.origin.length !== vector.size) {
    throw new RangeError(
      `Cannot evaluate the landscape as its centre must fit the model, which has ${vector.size} parameters: it has ${family.origin.length}`,
    );
  }
  const buffers = family.buffers?.origin.length ?? 0;
  if (buffers !== vector.buffers.length) {
    throw new RangeError(
      `Cannot evaluate the landscape as its centre must have the model's ${vector.buffers.length} buffer values, such as running statistics: it has ${buffers}`,
    );
  }
  if (grid.length !== family.basis.length) {
    throw new RangeError(
      `Cannot evaluate the landscape as there must be a range for each of the ${family.basis.length} directions: there are ${grid.length}`,
    );
  }
  const wanted = chunks.reduce((sum, size) => sum + size, 0);
  if (wanted !== examples.indices.length) {
    throw new RangeError(
      `Cannot evaluate the landscape as its chunks must hold all ${examples.indices.length} examples: they hold ${wanted}`,
    );
  }
}

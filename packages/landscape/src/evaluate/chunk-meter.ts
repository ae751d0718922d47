/**
 * A model at the points of a family, on one chunk of examples at a time: every example's measures at θ(c). The model is compiled for each
 * size of chunk; running statistics move as the policy says.
 */
import type { Batch } from "@thalweg/train";
import { ParameterVector } from "@thalweg/train";
import type { AffineFamily } from "../families/affine.ts";
import { BakedProgram, bakingPays } from "./baked-program.ts";
import { BufferMover } from "./batch-norm.ts";
import { type Examples, fillExamples } from "./examples.ts";
import { type BatchNormPolicy, type ChunkProgram, PointProgram } from "./point-program.ts";
import type { RowModel } from "./rows.ts";

export interface MeterOptions {
  readonly model: RowModel;
  readonly family: AffineFamily;
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

export class ChunkMeter {
  /** Names of what is measured of each example, the loss first. */
  readonly measures: readonly string[];
  private readonly options: MeterOptions;
  private readonly vector: ParameterVector;
  private readonly programs: ReadonlyMap<number, ChunkProgram>;
  private readonly begins: readonly number[];
  private readonly buffers: BufferMover | null;
  private chunk = -1;

  private constructor(
    options: MeterOptions,
    parts: {
      vector: ParameterVector;
      programs: ReadonlyMap<number, ChunkProgram>;
      buffers: BufferMover | null;
    },
    measures: readonly string[],
  ) {
    this.options = options;
    this.vector = parts.vector;
    this.programs = parts.programs;
    this.buffers = parts.buffers;
    this.measures = measures;
    let begin = 0;
    this.begins = options.chunks.map((size) => {
      begin += size;
      return begin - size;
    });
  }

  /** Compile the model for each size of chunk. Raises RangeError for data, buffers or a policy that do not fit it. */
  static async create(options: MeterOptions): Promise<ChunkMeter> {
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
    return new ChunkMeter(options, { vector, programs, buffers }, measures);
  }

  /** How many tensors are computed once for the whole family. */
  get cutCount(): number {
    return [...this.programs.values()][0]!.cutCount;
  }

  /** Go to a chunk; true where another was at hand before. */
  async turnTo(chunk: number): Promise<boolean> {
    if (chunk === this.chunk) return false;
    const program = this.programs.get(this.options.chunks[chunk]!)!;
    fillExamples(this.options.examples, this.begins[chunk]!, program.batch);
    await program.prepare();
    this.chunk = chunk;
    return true;
  }

  /** The chunk's examples. */
  get batch(): Batch {
    return this.program.batch;
  }

  /** Every example's measures at θ(c), in memory that the next point overwrites. */
  async at(c: readonly number[]): Promise<ReadonlyMap<string, Float32Array>> {
    await this.buffers?.move(c, this.vector);
    return this.program.run(c);
  }

  async release(): Promise<void> {
    for (const program of this.programs.values()) await program.release();
    await this.buffers?.release();
  }

  private get program(): ChunkProgram {
    return this.programs.get(this.options.chunks[this.chunk]!)!;
  }
}

function requireFitting({ family, chunks, examples }: MeterOptions, vector: ParameterVector): void {
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
  const wanted = chunks.reduce((sum, size) => sum + size, 0);
  if (wanted !== examples.indices.length) {
    throw new RangeError(
      `Cannot evaluate the landscape as its chunks must hold all ${examples.indices.length} examples: they hold ${wanted}`,
    );
  }
}

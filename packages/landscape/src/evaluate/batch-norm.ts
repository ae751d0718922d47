/**
 * Running statistics at a point of the landscape, for the two policies in which they move. Interpolated, they go along with the
 * parameters. Recomputed, they are the mean of the statistics of some chunks of examples at that very point, as torch's `update_bn`
 * has them: between two models that is the only choice for which a curve ends where the models are.
 *
 * A model says in training how its buffers move, r ← (1 − m) r + m s, and not what s and m are; but run with r = 0 it gives m s, and
 * with r = 1 what is 1 − m larger. So any model's statistics are read off it, whatever its layers are.
 */
import { tracing } from "@thalweg/nn";
import { type Batch, BoundSession, type ParameterVector, segmentOf } from "@thalweg/train";
import { type AffineFamily, writePoint } from "../families/affine.ts";
import { type Examples, fillExamples } from "./examples.ts";
import type { BatchNormPolicy } from "./point-program.ts";
import type { RowModel } from "./rows.ts";

export interface BufferMoverOptions {
  readonly model: RowModel;
  readonly family: AffineFamily;
  readonly examples: Examples;
  readonly vector: ParameterVector;
  readonly batchNorm: BatchNormPolicy;
  /** Examples that statistics are measured on: the first 1 000 by default. */
  readonly statisticsOf?: number;
  readonly threads: number;
}

/** What statistics are measured with. */
export type StatisticsOptions = Pick<
  BufferMoverOptions,
  "model" | "examples" | "vector" | "statisticsOf" | "threads"
>;

/** Largest chunk that statistics are measured on at once. */
const CHUNK = 250;
const STATISTICS_OF = 1_000;

export class BufferMover {
  private readonly options: BufferMoverOptions;
  private readonly statistics: Statistics | null;
  /** By coordinates: a point's statistics are measured once for all chunks. */
  private readonly known = new Map<string, Float32Array>();

  private constructor(options: BufferMoverOptions, statistics: Statistics | null) {
    this.options = options;
    this.statistics = statistics;
  }

  static async create(options: BufferMoverOptions): Promise<BufferMover> {
    const { batchNorm, family } = options;
    if (batchNorm === "interpolate" && family.buffers?.basis === undefined) {
      throw new RangeError(
        "Cannot interpolate running statistics as the family must say how they move: only families through models do; choose fixed or recompute",
      );
    }
    return new BufferMover(options, batchNorm === "recompute" ? await Statistics.create(options) : null);
  }

  /** Write the buffers at θ(c) into the vector. */
  async move(coordinates: readonly number[], vector: ParameterVector): Promise<void> {
    const { family } = this.options;
    if (this.statistics === null) {
      const { origin, basis } = family.buffers!;
      writePoint({ origin, basis: basis! }, coordinates, vector.buffers);
      for (const segment of vector.bufferSegments) {
        if (!segment.name.includes("var")) continue;
        const values = segmentOf(vector.buffers, segment);
        for (let i = 0; i < values.length; i++) values[i] = Math.max(0, values[i]!);
      }
      return;
    }
    const key = coordinates.join(" ");
    let values = this.known.get(key);
    if (values === undefined) {
      writePoint(family, coordinates, vector.parameters);
      values = await this.statistics.measure(vector);
      this.known.set(key, values);
    }
    vector.buffers.set(values);
  }

  async release(): Promise<void> {
    await this.statistics?.release();
  }
}

/** Measures a model's running statistics at the parameters that the vector holds. */
export class Statistics {
  private readonly session: BoundSession;
  private readonly batch: Batch;
  /** Where the next buffers are written: as long as the vector's. */
  private readonly next: Float32Array;
  private readonly examples: Examples;
  private readonly begins: readonly number[];
  /** 1 − m of every buffer, once it is known. */
  private keeps: Float32Array | null = null;

  private constructor(
    session: BoundSession,
    batch: Batch,
    next: Float32Array,
    examples: Examples,
    begins: readonly number[],
  ) {
    this.session = session;
    this.batch = batch;
    this.next = next;
    this.examples = examples;
    this.begins = begins;
  }

  static async create(options: StatisticsOptions): Promise<Statistics> {
    const { model, examples, vector, threads, statisticsOf = STATISTICS_OF } = options;
    const count = Math.min(statisticsOf, examples.indices.length);
    const batchSize = Math.min(CHUNK, count);
    const context = tracing(model.module, { training: true });
    const reads = new Map<string, Float32Array | Int32Array>();
    const inputs = Object.entries(model.inputs(batchSize)).map(([name, { shape, dtype }]) => {
      const tensor = context.graph.input(name, shape, dtype);
      reads.set(name, dtype === "int32" ? new Int32Array(tensor.size) : new Float32Array(tensor.size));
      return [name, tensor] as const;
    });
    model.rows(context, Object.fromEntries(inputs));
    const batch = Object.fromEntries(inputs.map(([name]) => [name, reads.get(name)!]));
    for (const segment of vector.segments) reads.set(segment.name, segmentOf(vector.parameters, segment));
    for (const segment of vector.bufferSegments) reads.set(segment.name, segmentOf(vector.buffers, segment));
    for (const [name, { size }] of context.noises) reads.set(name, new Float32Array(size).fill(0.5));
    const next = vector.buffers.slice();
    const moved = vector.bufferSegments.filter(({ name }) => context.updates.has(name));
    const session = await BoundSession.create({
      outputs: Object.fromEntries(moved.map(({ name }) => [`next/${name}`, context.updates.get(name)!])),
      reads,
      writes: new Map(moved.map((segment) => [`next/${segment.name}`, segmentOf(next, segment)])),
      threads,
    });
    const begins = Array.from({ length: Math.floor(count / batchSize) }, (_, k) => k * batchSize);
    return new Statistics(session, batch, next, examples, begins);
  }

  /** s, a mean over the chunks. Buffers that nothing updates keep their values. */
  async measure({ buffers }: ParameterVector): Promise<Float32Array> {
    const { session, batch, next, examples, begins } = this;
    const before = buffers.slice();
    const sums = new Float64Array(buffers.length);
    const step = async (running: number) => {
      buffers.fill(running);
      next.set(before); // what nothing updates
      await session.run();
    };
    for (const begin of begins) {
      fillExamples(examples, begin, batch);
      if (this.keeps === null) {
        await step(1);
        this.keeps = next.slice();
        await step(0);
        for (let i = 0; i < next.length; i++) this.keeps[i]! -= next[i]!; // 0 where nothing moves
      } else await step(0);
      for (let i = 0; i < sums.length; i++) sums[i]! += next[i]!;
    }
    const keeps = this.keeps!;
    buffers.set(before);
    return Float32Array.from(sums, (sum, i) => sum / begins.length / (1 - keeps[i]!));
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

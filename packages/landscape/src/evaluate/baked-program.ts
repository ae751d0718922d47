/**
 * A chunk of examples measured by a model that is prepared anew for each point, its parameters constants of it. ONNX Runtime then
 * lays filters out as its convolutions like them, and merges normalisation into them. Measured on ResNet-20, 250 images, one thread:
 * 120 ms of processor time instead of 205, and 6 to 9 ms for preparing, however many images there are. Blocks of our own (@thalweg/graph)
 * would take half as long again as ONNX Runtime's, which fixed weights let it have.
 *
 * It pays for convolutions that move, on more than a few examples. Products of matrices gain less than preparing costs.
 */
import type { Tensor } from "@thalweg/graph";
import { type Batch, BoundSession, segmentOf } from "@thalweg/train";
import { writePoint } from "../families/affine.ts";
import { type BakedModel, bakedModel, markersOf } from "./baked-model.ts";
import {
  allocateBatch,
  type BatchNormPolicy,
  type ChunkProgram,
  type PointProgramOptions,
  traceRows,
} from "./point-program.ts";

/** Fewest examples for which it is worth preparing the model. */
const FEWEST = 50;

/** Whether the model convolves, all its filters move, and the chunk is large enough. */
export function bakingPays({ family, vector, batchSize }: PointProgramOptions): boolean {
  const filters = vector.segments.filter(({ shape }) => shape.length > 2);
  const moves = ({ offset, size }: { offset: number; size: number }) =>
    family.basis.some((direction) => direction.subarray(offset, offset + size).some((value) => value !== 0));
  return batchSize >= FEWEST && filters.length > 0 && filters.every(moves);
}

/** Examples of one call, about: activations of more leave the cache, and calls for fewer cost more (ResNet-20: 5 % between 50 and 250). */
const [LEAST_PART, LARGEST_PART] = [16, 64];

/** The largest part that divides the chunk; all of it where none does, or where it is normalised by its own statistics. */
export function partOf(batchSize: number, batchNorm: BatchNormPolicy): number {
  if (batchNorm === "batch") return batchSize;
  for (let size = Math.min(LARGEST_PART, batchSize); size >= LEAST_PART; size--)
    if (batchSize % size === 0) return size;
  return batchSize;
}

export class BakedProgram implements ChunkProgram {
  readonly batch: Batch;
  readonly cutCount = 0;
  private readonly options: PointProgramOptions;
  private readonly part: number;
  private readonly values: ReadonlyMap<string, Float32Array>;
  private readonly rows: Readonly<Record<string, Tensor>>;
  private readonly model: BakedModel | undefined;
  private readonly partBatch: Batch;
  private readonly partValues: ReadonlyMap<string, Float32Array>;

  /** Raises RangeError as `PointProgram.create` does. */
  constructor(options: PointProgramOptions) {
    const { vector, batchSize, batchNorm } = options;
    this.part = partOf(batchSize, batchNorm);
    this.options = { ...options, batchSize: this.part };
    const segments = [...vector.segments, ...vector.bufferSegments];
    const markers = markersOf(new Map(segments.map(({ name, size }) => [name, size])));
    const { examples, rows } = traceRows(this.options, (name) => markers.get(name)!);
    this.rows = rows;
    this.model = bakedModel(rows, markers);
    this.partBatch = allocateBatch(examples);
    const parts = batchSize / this.part;
    this.batch = Object.fromEntries(
      Object.entries(this.partBatch).map(([name, some]) => [
        name,
        some instanceof Int32Array
          ? new Int32Array(some.length * parts)
          : new Float32Array(some.length * parts),
      ]),
    );
    const room = (size: number) =>
      new Map(Object.keys(rows).map((name) => [name, new Float32Array(size)] as const));
    this.values = room(batchSize);
    this.partValues = room(this.part);
  }

  /** Nothing is the same for all points. */
  async prepare(): Promise<void> {
    this.options.vector.parameters.set(this.options.family.origin);
  }

  async run(coordinates: readonly number[]): Promise<ReadonlyMap<string, Float32Array>> {
    const { family, vector } = this.options;
    const { batch, part, partBatch, partValues, values } = this;
    writePoint(family, coordinates, vector.parameters);
    const session = await this.prepared();
    try {
      for (let begin = 0; begin < values.get("loss")!.length; begin += part) {
        for (const [name, some] of Object.entries(partBatch)) {
          const each = some.length / part;
          (some as Float32Array).set(
            (batch[name] as Float32Array).subarray(begin * each, (begin + part) * each),
          );
        }
        await session.run();
        for (const [name, some] of partValues) values.get(name)!.set(some, begin);
      }
    } finally {
      await session.release({ reusable: false });
    }
    return values;
  }

  async release(): Promise<void> {
    // each session is released once it has run
  }

  /** The model with the values that the vector holds now: written into its bytes, or traced anew where its constants were merged. */
  private prepared(): Promise<BoundSession> {
    const { vector, threads = 1 } = this.options;
    const stored = new Map([
      ...vector.segments.map((segment) => [segment.name, segmentOf(vector.parameters, segment)] as const),
      ...vector.bufferSegments.map((segment) => [segment.name, segmentOf(vector.buffers, segment)] as const),
    ]);
    const bound = { reads: new Map(Object.entries(this.partBatch)), writes: this.partValues, threads };
    if (this.model === undefined) {
      const { rows } = traceRows(this.options, (name) => stored.get(name)!);
      return BoundSession.create({ outputs: rows, ...bound, blocks: false });
    }
    this.model.write(stored);
    return BoundSession.once(this.model.bytes, { outputs: this.rows, ...bound });
  }
}

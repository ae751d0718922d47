/**
 * A model compiled for one chunk of examples and one family: θ(c) in, a measure of every example out. What can be computed once for
 * the family is (`ahead.ts`); of the parameters only those that the rest reads are written anew for a point. The model that the
 * family was made from is never touched: points lie in a vector of this program's own.
 */
import { ancestors, type Tensor } from "@thalweg/graph";
import { type Tracing, tracing } from "@thalweg/nn";
import { type Batch, BoundSession, type ParameterVector, segmentOf } from "@thalweg/train";
import { type AffineFamily, writePoint } from "../families/affine.ts";
import { type Cut, cutAhead, type Motion } from "./ahead.ts";
import type { RowModel } from "./rows.ts";

/** What stands for the running statistics of normalisation at a point. */
export const batchNormPolicies = ["fixed", "interpolate", "recompute", "batch"] as const;
/**
 * fixed        those of the origin
 * interpolate  they move along with the parameters, as far as the family says how; variances stay at zero or above
 * recompute    measured anew at every point, on examples that are the same for all
 * batch        none: every chunk is normalised by its own statistics
 */
export type BatchNormPolicy = (typeof batchNormPolicies)[number];

export interface PointProgramOptions {
  readonly model: RowModel;
  readonly family: AffineFamily;
  readonly vector: ParameterVector;
  readonly batchSize: number;
  readonly batchNorm: BatchNormPolicy;
  readonly threads?: number;
  /** False computes everything at every point: what the fast way is held to. */
  readonly ahead?: boolean;
}

/** Measures a chunk of examples at points of a family. */
export interface ChunkProgram {
  /** Fill it, then call `prepare`. */
  readonly batch: Batch;
  /** How many tensors are computed once for the whole family. */
  readonly cutCount: number;
  prepare(): Promise<void>;
  /** Measure every example at θ(c): values by name, in memory that the next point overwrites. */
  run(coordinates: readonly number[]): Promise<ReadonlyMap<string, Float32Array>>;
  release(): Promise<void>;
}

interface Parts {
  readonly batch: Batch;
  readonly rest: BoundSession;
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly lead: Lead | null;
  /** Stretches of the flat vector that a point writes. */
  readonly written: readonly (readonly [number, number])[];
  readonly moving: readonly (readonly [number, number])[];
}

/** What is computed ahead, and its place in the rest. */
interface Lead {
  readonly session: BoundSession;
  readonly step: Float32Array;
  readonly cuts: readonly CutValues[];
}

interface CutValues {
  /** What the session writes. */
  readonly value: Float32Array;
  /** z₀ */
  readonly origin: Float32Array;
  /** z₁ … z_k; none where it stands still. */
  readonly slopes: readonly Float32Array[];
  /** What the rest reads: z₀ + Σ_{k>1} c_k z_k. */
  readonly base: Float32Array;
}

export class PointProgram implements ChunkProgram {
  private readonly options: PointProgramOptions;
  private readonly parts: Parts;
  private row = "";

  private constructor(options: PointProgramOptions, parts: Parts) {
    this.options = options;
    this.parts = parts;
  }

  /** Fill it, then call `prepare`. */
  get batch(): Batch {
    return this.parts.batch;
  }

  get batchSize(): number {
    return this.options.batchSize;
  }

  /** How many tensors are computed once for the whole family. */
  get cutCount(): number {
    return this.parts.lead?.cuts.length ?? 0;
  }

  /** Trace, cut and compile. Raises RangeError for a model whose measures are not one number for each example. */
  static async create(options: PointProgramOptions): Promise<PointProgram> {
    const { family, vector, batchSize, batchNorm, threads = 1 } = options;
    const { context, examples, rows } = traceRows(options);
    const segments = vector.segments.filter(({ offset, size }) =>
      family.basis.some((direction) =>
        direction.subarray(offset, offset + size).some((value) => value !== 0),
      ),
    );
    const moving = new Set(segments.map(({ name }) => name));
    const motionOf = ({ name }: Tensor): Motion => {
      if (moving.has(name)) return "affine";
      return context.buffers.has(name) && batchNorm !== "fixed" ? "bent" : "still";
    };
    const names = Object.keys(rows);
    const tensors = names.map((name) => rows[name]!);
    const inputs = new Set(Object.values(examples));
    const cut: Cut =
      options.ahead === false
        ? { ahead: [], outputs: tensors, step: tensors[0]! }
        : cutAhead(tensors, motionOf, inputs);

    const memory = new Map<string, Float32Array | Int32Array>();
    const batch = allocateBatch(examples);
    for (const [name, values] of Object.entries(batch)) memory.set(name, values as Float32Array | Int32Array);
    for (const segment of vector.segments) memory.set(segment.name, segmentOf(vector.parameters, segment));
    for (const segment of vector.bufferSegments) memory.set(segment.name, segmentOf(vector.buffers, segment));

    const lead = await createLead(cut, memory, family.basis.length, threads);
    const values = new Map(names.map((name) => [name, new Float32Array(batchSize)]));
    const rest = await BoundSession.create({
      outputs: Object.fromEntries(names.map((name, k) => [name, cut.outputs[k]!])),
      reads: memory,
      writes: values,
      threads,
    });
    const read = new Set(ancestors(cut.outputs).map(({ name }) => name));
    const stretch = ({ offset, size }: { offset: number; size: number }) => [offset, offset + size] as const;
    return new PointProgram(options, {
      batch,
      rest,
      values,
      lead,
      written: segments.filter(({ name }) => read.has(name)).map(stretch),
      moving: segments.map(stretch),
    });
  }

  /** Once `batch` is filled: compute what is the same, or affine, for all points. Leaves θ₀ in the vector. */
  async prepare(): Promise<void> {
    const { lead, moving } = this.parts;
    const { family, vector } = this.options;
    this.row = "";
    if (lead !== null && lead.cuts.length > 0) {
      const { session, cuts } = lead;
      const keep = (to: (cut: CutValues) => Float32Array | undefined) => {
        for (const cut of cuts) to(cut)?.set(cut.value);
      };
      vector.parameters.set(family.origin);
      await session.run();
      keep((cut) => cut.origin);
      keep((cut) => (cut.slopes.length === 0 ? cut.base : undefined));
      // with the moving parameters at zero, what the still ones add
      for (const [begin, end] of moving) vector.parameters.fill(0, begin, end);
      const affine = cuts.filter(({ slopes }) => slopes.length > 0);
      if (affine.length > 0) {
        await session.run();
        const constants = affine.map(({ value }) => value.slice());
        for (const [k, direction] of family.basis.entries()) {
          for (const [begin, end] of moving) vector.parameters.set(direction.subarray(begin, end), begin);
          await session.run();
          affine.forEach(({ value, slopes }, i) => {
            const slope = slopes[k]!;
            const constant = constants[i]!;
            for (let j = 0; j < slope.length; j++) slope[j] = value[j]! - constant[j]!;
          });
        }
      }
    }
    vector.parameters.set(family.origin);
  }

  /** Measure every example at θ(c): values by name, in memory that the next point overwrites. */
  async run(coordinates: readonly number[]): Promise<ReadonlyMap<string, Float32Array>> {
    const { lead, rest, values, written } = this.parts;
    const { family, vector } = this.options;
    if (lead !== null) {
      lead.step[0] = coordinates[0]!;
      const row = coordinates.slice(1).join(" ");
      if (row !== this.row || this.row === "") for (const cut of lead.cuts) writeBase(cut, coordinates);
      this.row = row;
    }
    writePoint(family, coordinates, vector.parameters, written);
    await rest.run();
    return values;
  }

  async release(): Promise<void> {
    await this.parts.lead?.session.release();
    await this.parts.rest.release();
  }
}

/** z₀ + Σ_{k>1} c_k z_k */
function writeBase({ origin, slopes, base }: CutValues, coordinates: readonly number[]): void {
  if (slopes.length === 0) return;
  base.set(origin);
  for (let k = 1; k < slopes.length; k++) {
    const slope = slopes[k]!;
    const c = coordinates[k]!;
    for (let i = 0; i < base.length; i++) base[i]! += c * slope[i]!;
  }
}

/** Memory for the examples of a chunk. */
export const allocateBatch = (examples: Readonly<Record<string, Tensor>>): Batch =>
  Object.fromEntries(
    Object.entries(examples).map(([name, { size, dtype }]) => [
      name,
      dtype === "int32" ? new Int32Array(size) : new Float32Array(size),
    ]),
  );

/**
 * The measures of a chunk's examples as a graph. With `bake`, parameters and buffers are constants of it, as that gives their values.
 * Raises RangeError for measures that are not one number for each example, and for a model that draws noise.
 */
export function traceRows(
  { model, batchSize, batchNorm }: PointProgramOptions,
  bake?: (name: string) => Float32Array,
): {
  context: Tracing;
  examples: Readonly<Record<string, Tensor>>;
  rows: Readonly<Record<string, Tensor>>;
} {
  const traced = tracing(model.module, { training: batchNorm === "batch" });
  const constant = (known: ReadonlyMap<string, Tensor>) => (name: string) =>
    traced.graph.constant(bake!(name), known.get(name)!.shape);
  const context: Tracing =
    bake === undefined
      ? traced
      : { ...traced, parameter: constant(traced.parameters), buffer: constant(traced.buffers) };
  const examples = Object.fromEntries(
    Object.entries(model.inputs(batchSize)).map(([name, { shape, dtype }]) => [
      name,
      context.graph.input(name, shape, dtype),
    ]),
  );
  const rows = model.rows(context, examples);
  for (const [name, tensor] of Object.entries(rows)) {
    if (tensor.rank === 1 && tensor.size === batchSize && tensor.dtype === "float32") continue;
    throw new RangeError(
      `Cannot measure ${name} of each example as it must be float32 [${batchSize}]: found ${tensor}`,
    );
  }
  if (context.noises.size > 0) {
    const noises = [...context.noises.keys()].join(", ");
    throw new RangeError(
      batchNorm === "batch"
        ? `Cannot normalise by batches as the model draws noise while it trains (${noises}), so points would not be comparable: choose fixed or recompute`
        : `Cannot measure the model point by point as its loss must be a function of parameters and examples: it draws noise (${noises}), so points would not be comparable`,
    );
  }
  return { context, examples, rows };
}

async function createLead(
  { ahead, step }: Cut,
  memory: Map<string, Float32Array | Int32Array>,
  dimensions: number,
  threads: number,
): Promise<Lead | null> {
  if (ahead.length === 0) return null;
  const stepValue = new Float32Array(1);
  memory.set(step.name, stepValue);
  const cuts = ahead.map(({ tensor, motion, base, slope }): CutValues => {
    const make = () => new Float32Array(tensor.size);
    const slopes = motion === "affine" ? Array.from({ length: dimensions }, make) : [];
    const cut = { value: make(), origin: make(), slopes, base: make() };
    memory.set(base.name, cut.base);
    if (slope !== undefined) memory.set(slope.name, slopes[0]!);
    return cut;
  });
  const session = await BoundSession.create({
    outputs: Object.fromEntries(ahead.map(({ tensor }, k) => [`value/${k}`, tensor])),
    reads: memory,
    writes: new Map(cuts.map(({ value }, k) => [`value/${k}`, value])),
    threads,
  });
  return { session, step: stepValue, cuts };
}

/**
 * Programs: a model compiled for one batch size. A training program computes the mean loss of a batch and its gradient,
 * `(θ, batch) → loss, ∇θ`; an evaluation program computes the loss and other measures. Both read θ from the parameter
 * vector, and the training program writes ∇θ into it.
 */
import { type DType, gradients, type Tensor } from "@thalweg/graph";
import { type Context, countCorrect, crossEntropy, type Module, type Tracing, tracing } from "@thalweg/nn";
import { stream } from "@thalweg/random";
import { type ParameterVector, segmentOf } from "./parameter-vector.ts";
import { BoundSession, type ConvolutionReport, type Values } from "./session.ts";

/** What is trained: a module, the form of its batches, and what is computed from a batch. */
export interface Model {
  module: Module;
  /** The inputs of a batch, by name. */
  inputs(batchSize: number): Readonly<Record<string, InputSpec>>;
  measure(context: Context, batch: Readonly<Record<string, Tensor>>): Measures;
}

export interface InputSpec {
  shape: readonly number[];
  dtype: DType;
}

/** Scalars that are computed from a batch. */
export interface Measures {
  /** What is minimised: a mean over the batch. */
  readonly loss: Tensor;
  /** How many rows of the batch have some property; evaluations report their share. */
  readonly counts?: Readonly<Record<string, Tensor>>;
}

/** Images x [B, …shape] and int32 labels [B] → cross-entropy in nats, and accuracy. */
export function classifier(module: Module, shape: readonly number[]): Model {
  return {
    module,
    inputs: (batchSize) => ({
      x: { shape: [batchSize, ...shape], dtype: "float32" },
      labels: { shape: [batchSize], dtype: "int32" },
    }),
    measure: (context, { x, labels }) => {
      const logits = module.forward(x!, context);
      return { loss: crossEntropy(logits, labels!), counts: { accuracy: countCorrect(logits, labels!) } };
    },
  };
}

export interface ProgramOptions {
  model: Model;
  vector: ParameterVector;
  batchSize: number;
  /** Threads that one operator may use. */
  threads?: number;
  /** False leaves convolutions in ONNX's layout (default: in blocks of channels where the machine has such kernels). */
  blocks?: boolean;
}

/** Memory for one batch, to be filled before each run. */
export type Batch = Readonly<Record<string, Values>>;

interface TrainingParts {
  /** Fill it before each run. */
  batch: Batch;
  batchSize: number;
  session: BoundSession;
  lossValue: Float32Array;
  noises: readonly { values: Float32Array; index: number }[];
  /** New values of buffers, and where they belong once the run is over. */
  updates: readonly { from: Float32Array; to: Float32Array }[];
  seed: number;
}

/** Loss and gradient of one batch. */
export class TrainingProgram {
  private readonly parts: TrainingParts;

  private constructor(parts: TrainingParts) {
    this.parts = parts;
  }

  get batch(): Batch {
    return this.parts.batch;
  }

  get batchSize(): number {
    return this.parts.batchSize;
  }

  /** How the convolutions are computed; null when there are none. */
  get convolutions(): ConvolutionReport | null {
    return this.parts.session.convolutions;
  }

  /** Trace, differentiate and compile. `seed` drives dropout's noise. */
  static async create(options: ProgramOptions & { seed: number }): Promise<TrainingProgram> {
    const { vector, batchSize, threads = 1, blocks = true, seed } = options;
    const { context, measures, batch, reads } = trace(options, true);
    const parameters = vector.segments.map(({ name }) => context.parameters.get(name)!);
    const slopes = gradients(measures.loss, parameters);

    const lossValue = new Float32Array(1);
    const outputs: Record<string, Tensor> = { loss: measures.loss };
    const writes = new Map<string, Values>([["loss", lossValue]]);
    vector.segments.forEach((segment, i) => {
      outputs[`gradient/${segment.name}`] = slopes[i]!;
      writes.set(`gradient/${segment.name}`, segmentOf(vector.gradients, segment));
    });
    const updates = [...context.updates].map(([name, value]) => {
      const segment = vector.bufferSegments.find((one) => one.name === name)!;
      const from = new Float32Array(segment.size);
      outputs[`update/${name}`] = value;
      writes.set(`update/${name}`, from);
      return { from, to: segmentOf(vector.buffers, segment) };
    });
    const noises = [...context.noises].map(([name, tensor], index) => {
      const values = new Float32Array(tensor.size);
      reads.set(name, values);
      return { values, index };
    });
    const session = await BoundSession.create({ outputs, reads, writes, threads, blocks });
    return new TrainingProgram({ batch, batchSize, session, lossValue, noises, updates, seed });
  }

  /**
   * Compute the mean loss of what `batch` holds, and write its gradient into the parameter vector. `step` picks the
   * noise: the same step draws the same.
   */
  async run(step: number): Promise<number> {
    const { session, lossValue, noises, updates, seed } = this.parts;
    for (const { values, index } of noises) stream(seed, "noise", index, step).fillUniform(values, 0, 1);
    await session.run();
    for (const { from, to } of updates) to.set(from);
    return lossValue[0]!;
  }

  release(): Promise<void> {
    return this.parts.session.release();
  }
}

/** Loss and other measures of one batch, without a gradient and with the module in its evaluation form. */
export class EvaluationProgram {
  readonly batch: Batch;
  readonly batchSize: number;
  private readonly session: BoundSession;
  private readonly values: ReadonlyMap<string, Float32Array>;

  private constructor(
    batch: Batch,
    batchSize: number,
    session: BoundSession,
    values: ReadonlyMap<string, Float32Array>,
  ) {
    this.batch = batch;
    this.batchSize = batchSize;
    this.session = session;
    this.values = values;
  }

  static async create(options: ProgramOptions): Promise<EvaluationProgram> {
    const { measures, batch, reads } = trace(options, false);
    const outputs = { loss: measures.loss, ...measures.counts };
    const values = new Map(Object.keys(outputs).map((name) => [name, new Float32Array(1)]));
    const session = await BoundSession.create({
      outputs,
      reads,
      writes: values,
      threads: options.threads ?? 1,
      blocks: options.blocks ?? true,
    });
    return new EvaluationProgram(batch, options.batchSize, session, values);
  }

  /** The loss, a mean over what `batch` holds, and the counts. */
  async run(): Promise<{ loss: number } & Record<string, number>> {
    await this.session.run();
    const [[, [loss]], ...counts] = [...this.values] as [[string, Float32Array], ...[string, Float32Array][]];
    return { loss: loss!, ...Object.fromEntries(counts.map(([name, [count]]) => [name, count!])) };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

interface Traced {
  context: Tracing;
  measures: Measures;
  batch: Batch;
  /** Memory of every input but noise: batch, parameters, buffers. */
  reads: Map<string, Values>;
}

function trace({ model, vector, batchSize }: ProgramOptions, training: boolean): Traced {
  const context = tracing(model.module, { training });
  const specs = Object.entries(model.inputs(batchSize));
  const tensors = specs.map(
    ([name, { shape, dtype }]) => [name, context.graph.input(name, shape, dtype)] as const,
  );
  const batch = Object.fromEntries(tensors.map(([name, tensor]) => [name, allocate(tensor)]));
  const reads = new Map<string, Values>(Object.entries(batch));
  for (const segment of vector.segments) reads.set(segment.name, segmentOf(vector.parameters, segment));
  for (const segment of vector.bufferSegments) reads.set(segment.name, segmentOf(vector.buffers, segment));
  return { context, measures: model.measure(context, Object.fromEntries(tensors)), batch, reads };
}

function allocate({ name, dtype, size }: Tensor): Values {
  if (dtype === "float32") return new Float32Array(size);
  if (dtype === "int32") return new Int32Array(size);
  throw new TypeError(
    `Cannot make a batch as input ${name} must be float32 or int32: current dtype is ${dtype}`,
  );
}

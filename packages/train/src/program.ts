/**
 * Programs: a model compiled for one batch size. A training program computes the mean loss of a batch and its gradient,
 * `(θ, batch) → loss, ∇θ`; an evaluation program computes the loss and other measures. Both read θ from the parameter
 * vector, and the training program writes ∇θ into it.
 */
import {
  argMax,
  type DType,
  gradients,
  log,
  mul,
  neg,
  reduceMean,
  type Shape,
  sub,
  type Tensor,
} from "@thalweg/graph";
import {
  type Context,
  countCorrect,
  crossEntropy,
  type Module,
  normalOf,
  type Tracing,
  tracing,
} from "@thalweg/nn";
import { type Stream, stream } from "@thalweg/random";
import { type Checkpoints, markCheckpoints } from "./memory/checkpoints.ts";
import { type ParameterVector, segmentOf } from "./parameter-vector.ts";
import { BoundSession, type ConvolutionReport, type Values } from "./session.ts";

/** What is trained: a module, the form of its batches, and what is computed from a batch. */
export interface Model {
  module: Module;
  /** The inputs of a batch, by name. */
  inputs(batchSize: number): Readonly<Record<string, InputSpec>>;
  measure(context: Context, batch: Readonly<Record<string, Tensor>>): Measures;
  /** Activations that are computed again rather than kept for the backward pass. */
  checkpoint?: Checkpoints;
  /** Measures of a split that are no means over it, from those that are: a root of a mean, a ratio of two. */
  summarize?(means: Readonly<Record<string, number>>): Readonly<Record<string, number>>;
  /**
   * The loss on labels that are drawn from the model's own predictions, for rules that estimate curvature by it. `uniform` gives
   * numbers in [0, 1) that are others in each run.
   */
  sampledLoss?(
    context: Context,
    batch: Readonly<Record<string, Tensor>>,
    uniform: (shape: Shape) => Tensor,
  ): Tensor;
}

export interface InputSpec {
  shape: readonly number[];
  dtype: DType;
}

/** Scalars that are computed from a batch. */
export interface Measures {
  /** What is minimised: a mean over the batch. */
  readonly loss: Tensor;
  /** The model's outputs, where the loss is a function of them and the labels alone: what Gauss–Newton products need. */
  readonly outputs?: readonly Tensor[];
  /** How many rows of the batch have some property, or the sum of something over them; evaluations report the mean over a split. */
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
      return {
        loss: crossEntropy(logits, labels!),
        outputs: [logits],
        counts: { accuracy: countCorrect(logits, labels!) },
      };
    },
    sampledLoss: (context, { x }, uniform) => {
      const logits = module.forward(x!, context);
      return crossEntropy(logits, drawLabels(logits, uniform(logits.shape)));
    },
  };
}

/**
 * A label for each row of the logits z [B, C] from softmax(z), by the Gumbel-max trick: argmax over c of z_c - log(-log u_c) with u
 * uniform in [0, 1). It carries no gradient.
 */
export const drawLabels = (logits: Tensor, u: Tensor): Tensor => argMax(sub(logits, log(neg(log(u)))), 1);

/**
 * What stands for the mean squared error of outputs f [B, …], E numbers each, to values that are drawn from the model's own prediction:
 * y ~ N(f, E/2), under which that error is a negative log-likelihood. Only its gradient means something, and that is the error's:
 *
 *   ∇ mean (f − y)² = √(2E) ∇ mean (n f)      n standard normal
 */
export function sampledSquares(f: Tensor, uniform: (shape: Shape) => Tensor): Tensor {
  const perExample = f.size / f.shape[0]!;
  return mul(reduceMean(mul(f, normalOf(uniform([2, ...f.shape])))), Math.sqrt(2 * perExample));
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

export interface TrainingOptions extends ProgramOptions {
  /** Statistics of the batch are those of so many parts together: see SynchronisedProgram. One by default. */
  statistics?: number;
  /** Drives dropout's noise, and labels that are drawn. */
  seed: number;
  /** "sampled": instead of the batch's labels, some from the model's own predictions, drawn anew at each step. */
  labels?: "given" | "sampled";
  /** The memory of another program's batch, to share it. */
  batch?: Batch;
  /** The batch is one of so many parts of a step's batch, each with its own part of the noise. One by default. */
  parts?: number;
  /** Whether a run moves buffers, such as running means: true by default. */
  updatesBuffers?: boolean;
}

/** Memory for one batch, to be filled before each run. */
export type Batch = Readonly<Record<string, Values>>;

/** Uniform numbers that are fed in, and what they are drawn from at a step. */
interface Noise {
  readonly values: Float32Array;
  /** Whether each part of a step's batch has numbers of its own, and not all the same. */
  readonly parted?: boolean;
  at(step: number): Stream;
}

interface TrainingParts {
  /** Fill it before each run. */
  batch: Batch;
  batchSize: number;
  session: BoundSession;
  lossValue: Float32Array;
  noises: readonly Noise[];
  /** New values of buffers, and where they belong once the run is over. */
  updates: readonly { from: Float32Array; to: Float32Array }[];
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

  /** Trace, differentiate and compile. Raises RangeError for a model that cannot sample labels or has no blocks, and should. */
  static async create(options: TrainingOptions): Promise<TrainingProgram> {
    const { vector, batchSize, threads = 1, blocks = true, updatesBuffers = true } = options;
    const { context, batch, reads, noises, loss, parameters } = traceLoss(options);
    const { checkpoint } = options.model;
    if (checkpoint) markCheckpoints(checkpoint, loss, [...parameters, ...context.buffers.values()]);
    const slopes = gradients(loss, parameters);

    const lossValue = new Float32Array(1);
    const outputs: Record<string, Tensor> = { loss };
    const writes = new Map<string, Values>([["loss", lossValue]]);
    vector.segments.forEach((segment, i) => {
      outputs[`gradient/${segment.name}`] = slopes[i]!;
      writes.set(`gradient/${segment.name}`, segmentOf(vector.gradients, segment));
    });
    const updates = [...(updatesBuffers ? context.updates : [])].map(([name, value]) => {
      const segment = vector.bufferSegments.find((one) => one.name === name)!;
      const from = new Float32Array(segment.size);
      outputs[`update/${name}`] = value;
      writes.set(`update/${name}`, from);
      return { from, to: segmentOf(vector.buffers, segment) };
    });
    const session = await BoundSession.create({ outputs, reads, writes, threads, blocks });
    return new TrainingProgram({ batch, batchSize, session, lossValue, noises, updates });
  }

  /**
   * Compute the mean loss of what `batch` holds, and write its gradient into the parameter vector. `step` picks the
   * noise: the same step draws the same. `part` says which part of the step's batch it is, counted from 0.
   */
  async run(step: number, part = 0): Promise<number> {
    const { session, lossValue, noises, updates } = this.parts;
    drawNoises(noises, step, part);
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
    const { context, tensors, batch, reads } = trace(options, false);
    const { loss, counts } = options.model.measure(context, tensors);
    feedNoises(context, reads);
    const outputs = { loss, ...counts };
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

  /** The names of what `run` gives. */
  get measures(): string[] {
    return [...this.values.keys()];
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

/**
 * What a model draws while it is evaluated, as one that is judged by samples does: the same numbers at every evaluation and in every batch,
 * so that evaluations differ by the parameters alone.
 */
function feedNoises({ noises }: Tracing, reads: Map<string, Values>): void {
  [...noises.values()].forEach((tensor, index) => {
    const values = new Float32Array(tensor.size);
    stream(0, "evaluation", index).fillUniform(values, 0, 1);
    reads.set(tensor.name, values);
  });
}

interface TracedLoss extends Traced {
  noises: readonly Noise[];
  loss: Tensor;
  /** In the vector's order. */
  parameters: readonly Tensor[];
}

/** The loss of a batch in training, with the memory of all that it reads. */
export function traceLoss(options: TrainingOptions): TracedLoss {
  const { model, vector, seed, labels = "given" } = options;
  const traced = trace(options, true);
  const { context, tensors, reads } = traced;
  const noises: Noise[] = [];
  const feed = (tensor: Tensor, at: Noise["at"]) => {
    const values = new Float32Array(tensor.size);
    reads.set(tensor.name, values);
    noises.push({ values, at });
  };
  const uniform = (shape: Shape) => {
    const tensor = context.graph.input("labels/noise", shape);
    feed(tensor, (step) => stream(seed, "labels", step));
    return tensor;
  };
  const loss =
    labels === "given"
      ? model.measure(context, tensors).loss
      : requireSampling(model)(context, tensors, uniform);
  const parted = partedNoises(options, context);
  [...context.noises.values()].forEach((tensor, index) => {
    const values = new Float32Array(tensor.size);
    reads.set(tensor.name, values);
    noises.push({ values, parted: parted[index]!, at: (step) => stream(seed, "noise", index, step) });
  });
  const parameters = vector.segments.map(({ name }) => context.parameters.get(name)!);
  return { ...traced, noises, loss, parameters };
}

/** Draw the noise of a step, or that of one part of its batch. */
export function drawNoises(noises: readonly Noise[], step: number, part = 0): void {
  for (const { values, at, parted = false } of noises) {
    const random = at(step);
    if (parted) random.skip(part * values.length); // one word an element
    random.fillUniform(values, 0, 1);
  }
}

/**
 * Which noises grow with the batch, so that the parts of a batch have parts of the noise of the whole. That is seen by tracing the model
 * for the whole batch. Raises RangeError for noise that grows otherwise than in its first dimension.
 */
function partedNoises({ model, batchSize, parts = 1 }: TrainingOptions, { noises }: Tracing): boolean[] {
  if (parts === 1 || noises.size === 0) return [...noises].map(() => false);
  const whole = tracing(model.module, { training: true });
  const specs = Object.entries(model.inputs(batchSize * parts));
  const batch = specs.map(([name, { shape, dtype }]) => [name, whole.graph.input(name, shape, dtype)]);
  model.measure(whole, Object.fromEntries(batch));
  return [...noises].map(([name, { shape }]) => {
    const large = whole.noises.get(name)!.shape;
    if (String(large) === String(shape)) return false;
    const [rows = 1, ...rest] = shape;
    if (String(large) === String([rows * parts, ...rest])) return true;
    throw new RangeError(
      `Cannot train on parts of batches as noise must grow with the batch in its first dimension, or not at all: ${name} has shape [${shape}] for ${batchSize} examples and [${large}] for ${batchSize * parts}`,
    );
  });
}

interface Traced {
  context: Tracing;
  /** The batch's inputs. */
  tensors: Readonly<Record<string, Tensor>>;
  batch: Batch;
  /** Memory of every input but noise: batch, parameters, buffers. */
  reads: Map<string, Values>;
}

function trace(options: ProgramOptions & { batch?: Batch; statistics?: number }, training: boolean): Traced {
  const { model, vector, batchSize, statistics = 1 } = options;
  const context = tracing(model.module, { training, parts: statistics });
  const specs = Object.entries(model.inputs(batchSize));
  const tensors = specs.map(
    ([name, { shape, dtype }]) => [name, context.graph.input(name, shape, dtype)] as const,
  );
  const batch =
    options.batch ?? Object.fromEntries(tensors.map(([name, tensor]) => [name, allocate(tensor)]));
  const reads = new Map<string, Values>(Object.entries(batch));
  for (const segment of vector.segments) reads.set(segment.name, segmentOf(vector.parameters, segment));
  for (const segment of vector.bufferSegments) reads.set(segment.name, segmentOf(vector.buffers, segment));
  return { context, tensors: Object.fromEntries(tensors), batch, reads };
}

function requireSampling({ sampledLoss }: Model): NonNullable<Model["sampledLoss"]> {
  if (sampledLoss !== undefined) return sampledLoss;
  throw new RangeError(
    "Cannot sample labels as the model must say how they follow from its predictions: give it a sampledLoss, as classifier() does",
  );
}

function allocate({ name, dtype, size }: Tensor): Values {
  if (dtype === "float32") return new Float32Array(size);
  if (dtype === "int32") return new Int32Array(size);
  throw new TypeError(
    `Cannot make a batch as input ${name} must be float32 or int32: current dtype is ${dtype}`,
  );
}

/**
 * One batch's derivative, compiled: the gradient, or a product with a curvature, as one flat vector. The model is in its evaluation
 * form, so that the function does not change from one call to the next: running means stand for those of the batch, and nothing is
 * dropped. In its training form, each batch is normalised by its own statistics, as the steps of training see it.
 *
 *   loss          L alone
 *   gradient      ∇L                    also writes the loss
 *   hessian       H v = ∇(∇L · v)
 *   gaussNewton   G v = Jᵀ H_L J v      where the model's measures say what its outputs are
 */
import { type DType, gaussNewtonProduct, type Tensor, vjp } from "@thalweg/graph";
import { tracing } from "@thalweg/nn";
import { type Batch, BoundSession, type Model, type ParameterVector, segmentOf } from "@thalweg/train";

export const derivatives = ["loss", "gradient", "hessian", "gaussNewton"] as const;
export type Derivative = (typeof derivatives)[number];

export interface FlatProgramOptions {
  readonly model: Model;
  /** Its parameters and buffers are read at every run. */
  readonly vector: ParameterVector;
  readonly batchSize: number;
  readonly derivative: Derivative;
  /** The memory of another program's batch, to share it. */
  readonly batch?: Batch;
  readonly threads?: number;
  /** "evaluation" by default. */
  readonly form?: ModelForm;
}

/** Whether running statistics stand for those of a batch, or each batch has its own. */
export const modelForms = ["evaluation", "training"] as const;
export type ModelForm = (typeof modelForms)[number];

type Rule = (parts: {
  loss: Tensor;
  outputs: readonly Tensor[];
  parameters: readonly Tensor[];
  tangents: readonly Tensor[];
}) => Tensor[];

const RULES: Readonly<Record<Derivative, Rule>> = {
  loss: () => [],
  gradient: ({ loss, parameters }) => vjp([loss], parameters),
  hessian: ({ loss, parameters, tangents }) => vjp(vjp([loss], parameters), parameters, tangents),
  gaussNewton: ({ loss, outputs, parameters, tangents }) =>
    gaussNewtonProduct(loss, outputs, parameters, tangents),
};

export class FlatProgram {
  /** Fill it before a run. */
  readonly batch: Batch;
  readonly batchSize: number;
  /** v, where the derivative is a product. */
  readonly direction: Float32Array;
  /** What was computed, as long as θ; nothing of a loss. */
  readonly result: Float32Array;
  private readonly lossValue: Float32Array;
  private readonly session: BoundSession;

  private constructor(
    parts: Pick<FlatProgram, "batch" | "batchSize" | "direction" | "result"> & {
      lossValue: Float32Array;
      session: BoundSession;
    },
  ) {
    const { batch, batchSize, direction, result, lossValue, session } = parts;
    this.batch = batch;
    this.batchSize = batchSize;
    this.direction = direction;
    this.result = result;
    this.lossValue = lossValue;
    this.session = session;
  }

  /**
   * Trace, differentiate and compile. Raises RangeError for a Gauss–Newton product of a model that does not name its outputs, and for the
   * training form of one that draws noise.
   */
  static async create(options: FlatProgramOptions): Promise<FlatProgram> {
    const { model, vector, batchSize, derivative, threads = 1, form = "evaluation" } = options;
    const context = tracing(model.module, { training: form === "training" });
    const inputs = Object.entries(model.inputs(batchSize)).map(
      ([name, { shape, dtype }]) => [name, context.graph.input(name, shape, dtype)] as const,
    );
    const batch = options.batch ?? Object.fromEntries(inputs.map(([name, input]) => [name, allocate(input)]));
    const { loss, outputs = [] } = model.measure(context, Object.fromEntries(inputs));
    if (context.noises.size > 0) {
      throw new RangeError(
        `Cannot measure curvature in training form as the model must not draw noise while it trains: it draws ${[...context.noises.keys()].join(", ")}; choose the evaluation form`,
      );
    }
    if (derivative === "gaussNewton" && outputs.length === 0) throw new RangeError(NO_OUTPUTS);
    const reads = new Map(Object.entries(batch));
    for (const segment of vector.segments) reads.set(segment.name, segmentOf(vector.parameters, segment));
    for (const segment of vector.bufferSegments) reads.set(segment.name, segmentOf(vector.buffers, segment));

    const isProduct = derivative === "hessian" || derivative === "gaussNewton";
    const direction = new Float32Array(isProduct ? vector.size : 0);
    const tangents = (isProduct ? vector.segments : []).map((segment) => {
      const tangent = context.graph.input(`direction/${segment.name}`, segment.shape);
      reads.set(tangent.name, segmentOf(direction, segment));
      return tangent;
    });
    const parameters = vector.segments.map(({ name }) => context.parameters.get(name)!);
    const results = RULES[derivative]({ loss, outputs, parameters, tangents });

    const result = new Float32Array(results.length === 0 ? 0 : vector.size);
    const lossValue = new Float32Array(1);
    const written: [name: string, tensor: Tensor, memory: Float32Array][] = results.map((tensor, k) => {
      const segment = vector.segments[k]!;
      return [`result/${segment.name}`, tensor, segmentOf(result, segment)];
    });
    if (!isProduct) written.push(["loss", loss, lossValue]);
    const session = await BoundSession.create({
      outputs: Object.fromEntries(written.map(([name, tensor]) => [name, tensor])),
      reads,
      writes: new Map(written.map(([name, , memory]) => [name, memory])),
      threads,
    });
    return new FlatProgram({ batch, batchSize, direction, result, lossValue, session });
  }

  async run(): Promise<Float32Array> {
    await this.session.run();
    return this.result;
  }

  /** The batch's mean loss, once it or a gradient is computed. */
  get loss(): number {
    return this.lossValue[0]!;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

const NO_OUTPUTS =
  "Cannot multiply by the Gauss–Newton matrix as the model must say what its loss is a function of: return `outputs` from its measure, as classifier() does, or use the Hessian";

const ARRAYS: Partial<Record<DType, new (size: number) => Float32Array | Int32Array>> = {
  float32: Float32Array,
  int32: Int32Array,
};

function allocate({ name, dtype, size }: Tensor): Float32Array | Int32Array {
  const Memory = ARRAYS[dtype];
  if (Memory !== undefined) return new Memory(size);
  throw new TypeError(
    `Cannot make a batch as input ${name} must be float32 or int32: current dtype is ${dtype}`,
  );
}

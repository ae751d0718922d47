/**
 * An ONNX Runtime session bound to memory: every input and every output is a view that is fixed when the session is made,
 * so a run copies nothing and allocates nothing. This is the only file that knows ONNX Runtime.
 *
 * `run` blocks its thread while the kernels compute; what must stay responsive belongs in another thread.
 */
import { type DType, type Tensor as GraphTensor, serialize } from "@thalweg/graph";
import { InferenceSession, Tensor } from "onnxruntime-node";

/** A view of the memory that an input or output lies in; its element type fits the tensor's dtype. */
export type Values = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

export interface SessionOptions {
  /** What to compute; the model gets the inputs that these need. */
  outputs: Readonly<Record<string, GraphTensor>>;
  /** Where each input of the model is read from, by its name. */
  reads: ReadonlyMap<string, Values>;
  /** Where each output of the model is written to, by its name. */
  writes: ReadonlyMap<string, Values>;
  /** Threads that one operator may use. One by default: runs in parallel use the other cores. */
  threads?: number;
}

export class BoundSession {
  private readonly session: InferenceSession;
  private readonly feeds: Record<string, Tensor>;
  private readonly fetches: Record<string, Tensor>;

  private constructor(
    session: InferenceSession,
    feeds: Record<string, Tensor>,
    fetches: Record<string, Tensor>,
  ) {
    this.session = session;
    this.feeds = feeds;
    this.fetches = fetches;
  }

  /** Serialise the graph and prepare it. Raises RangeError for a tensor without memory or of another size. */
  static async create(options: SessionOptions): Promise<BoundSession> {
    const { outputs, reads, writes, threads = 1 } = options;
    const session = await InferenceSession.create(serialize({ outputs }), {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
    });
    const inputs = new Map(Object.values(outputs)[0]?.graph.inputs.map((tensor) => [tensor.name, tensor]));
    const feeds = session.inputNames.map((name) => [name, bind("input", name, inputs.get(name)!, reads)]);
    const fetches = Object.entries(outputs).map(([name, tensor]) => [
      name,
      bind("output", name, tensor, writes),
    ]);
    return new BoundSession(session, Object.fromEntries(feeds), Object.fromEntries(fetches));
  }

  /** Compute the outputs from what the inputs' memory holds now. */
  async run(): Promise<void> {
    await this.session.run(this.feeds, this.fetches);
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

const ARRAYS: Record<DType, Values["constructor"]> = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
};

function bind(role: string, name: string, tensor: GraphTensor, memory: ReadonlyMap<string, Values>): Tensor {
  const { dtype, shape, size } = tensor;
  const values = memory.get(name);
  if (values === undefined || values.constructor !== ARRAYS[dtype] || values.length !== size) {
    const found =
      values === undefined ? "there is none" : `it is a ${values.constructor.name} of ${values.length}`;
    throw new RangeError(
      `Cannot bind ${role} ${name} as its memory must be a ${ARRAYS[dtype].name} of ${size} for shape [${shape}]: ${found}`,
    );
  }
  return new Tensor(dtype as "float32", values as Float32Array, [...shape]);
}

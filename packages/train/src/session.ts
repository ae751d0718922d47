/**
 * An ONNX Runtime session bound to memory: every input and every output is a view that is fixed when the session is made,
 * so a run copies nothing and allocates nothing. Convolutions are computed in blocks of channels where the machine has such
 * kernels (@thalweg/graph, src/blocked). This file and session-pool.ts are all that knows ONNX Runtime.
 *
 * `run` blocks its thread while the kernels compute; what must stay responsive belongs in another thread.
 */
import { MessageChannel } from "node:worker_threads";
import {
  type BlockSize,
  convolves,
  type DType,
  findBlockSize,
  forDepthFirst,
  type Tensor as GraphTensor,
  lowerToBlocks,
  type RunModel,
  serialize,
} from "@thalweg/graph";
import { type InferenceSession, Tensor } from "onnxruntime-node";
import { giveSession, prepareSession, takeSession } from "./session-pool.ts";

/** A view of the memory that an input or output lies in; its element type fits the tensor's dtype. */
export type Values =
  | Float32Array
  | Float64Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | BigUint64Array;

export interface SessionOptions {
  /** What to compute; the model gets the inputs that these need. */
  outputs: Readonly<Record<string, GraphTensor>>;
  /** Where each input of the model is read from, by its name. */
  reads: ReadonlyMap<string, Values>;
  /** Where each output of the model is written to, by its name. */
  writes: ReadonlyMap<string, Values>;
  /** Threads that one operator may use. One by default: runs in parallel use the other cores. */
  threads?: number;
  /** False leaves convolutions in ONNX's layout. */
  blocks?: boolean;
}

/** How a session computes its convolutions. */
export interface ConvolutionReport {
  /** Channels to a block; null where convolutions run in ONNX's layout. */
  readonly block: number | null;
  /** Convolutions in blocks: forward, input gradients, weight gradients. */
  readonly blocked: number;
  /** Those in ONNX's layout: a tensor's name and the reason; without a name it holds for all. */
  readonly plain: readonly { readonly tensor?: string; readonly reason: string }[];
}

export class BoundSession {
  /** Null when there are no convolutions. */
  readonly convolutions: ConvolutionReport | null;
  private readonly session: InferenceSession;
  private readonly feeds: Record<string, Tensor>;
  private readonly fetches: Record<string, Tensor>;
  private released = false;

  private constructor(
    convolutions: ConvolutionReport | null,
    session: InferenceSession,
    feeds: Record<string, Tensor>,
    fetches: Record<string, Tensor>,
  ) {
    this.convolutions = convolutions;
    this.session = session;
    this.feeds = feeds;
    this.fetches = fetches;
  }

  /** Serialise the graph and prepare it. Raises RangeError for a tensor without memory or of another size. */
  static async create(options: SessionOptions): Promise<BoundSession> {
    const { outputs, reads, writes, threads = 1, blocks = true } = options;
    const { lowered, convolutions } = await layOut(outputs, blocks);
    const order = forDepthFirst(Object.values(lowered));
    const session = await takeSession(
      serialize({ outputs: lowered, order }),
      threads,
      order.some(hasFixedWeights),
    );
    return BoundSession.bound(session, convolutions, { outputs, reads, writes });
  }

  /**
   * Prepare a model that is serialised already and differs from all before in its constants: it is not kept for others, and must be
   * released as not reusable. Raises RangeError as `create` does.
   */
  static async once(model: Uint8Array, options: Omit<SessionOptions, "blocks">): Promise<BoundSession> {
    return BoundSession.bound(await prepareSession(model, options.threads ?? 1, true), null, options);
  }

  private static bound(
    session: InferenceSession,
    convolutions: ConvolutionReport | null,
    { outputs, reads, writes }: SessionOptions,
  ): BoundSession {
    const inputs = new Map(Object.values(outputs)[0]?.graph.inputs.map((tensor) => [tensor.name, tensor]));
    const feeds = session.inputNames.map((name) => [name, bind("input", name, inputs.get(name)!, reads)]);
    const fetches = Object.entries(outputs).map(([name, tensor]) => [
      name,
      bind("output", name, tensor, writes),
    ]);
    return new BoundSession(convolutions, session, Object.fromEntries(feeds), Object.fromEntries(fetches));
  }

  /** Compute the outputs from what the inputs' memory holds now. */
  async run(): Promise<void> {
    if (this.released) throw new TypeError("Cannot run a session as it was released: create another");
    discardCopies(await this.session.run(this.feeds, this.fetches), this.fetches);
  }

  /**
   * Give the prepared model back for the next that computes the same, or, where nobody will, its memory. This one must not run again.
   */
  async release({ reusable = true } = {}): Promise<void> {
    if (this.released) return;
    this.released = true;
    await (reusable ? giveSession(this.session) : this.session.release());
  }
}

/**
 * A port without another end: what is handed over to it is freed at once. Besides writing an output where it is wanted, ONNX
 * Runtime's binding for Node copies it into a new array, and 64 MB and more of those wait for the garbage collector. Handing
 * eighty arrays over takes 25 µs, and a step of ten million parameters need not find 40 MB of new pages.
 */
const nowhere = new MessageChannel().port1;
nowhere.close();

/** Below this many bytes in all, the copies are left to the garbage collector. */
const WORTH_DISCARDING = 2 ** 18;

function discardCopies(results: InferenceSession.ReturnType, fetches: Record<string, Tensor>): void {
  const copies = Object.entries(results).flatMap(([name, { data }]) => {
    const bound = fetches[name]!.data;
    return ArrayBuffer.isView(data) && ArrayBuffer.isView(bound) && data.buffer !== bound.buffer
      ? [data.buffer as ArrayBuffer]
      : [];
  });
  if (copies.reduce((sum, { byteLength }) => sum + byteLength, 0) < WORTH_DISCARDING) return;
  nowhere.postMessage(null, copies);
}

/** Whether a product or a convolution has weights that are constants of the model, as in an imported model that is frozen. */
const hasFixedWeights = ({ origin }: GraphTensor): boolean =>
  origin.kind === "call" &&
  /^(Conv|ConvTranspose|Gemm|MatMul)$/.test(origin.call.operator.name) &&
  origin.call.inputs[1]?.origin.kind === "constant";

/** The machine's block size, tried out once, before the first convolution. */
let machine: Promise<BlockSize> | undefined;
function findOnce(): Promise<BlockSize> {
  machine ??= findBlockSize(runOnce);
  return machine;
}

const runOnce: RunModel = async (model, feeds) => {
  const session = await takeSession(model, 1);
  try {
    const tensors = Object.entries(feeds).map(
      ([name, { data, shape }]) => [name, new Tensor("float32", data, [...shape])] as const,
    );
    const results = Object.entries(await session.run(Object.fromEntries(tensors)));
    return Object.fromEntries(results.map(([name, { data }]) => [name, data as Float32Array]));
  } finally {
    await giveSession(session);
  }
};

/** The graph as a session computes it, convolutions in blocks where that is wanted and possible, and a report of it. */
export async function layOut(
  outputs: Readonly<Record<string, GraphTensor>>,
  blocks: boolean,
): Promise<{
  lowered: Readonly<Record<string, GraphTensor>>;
  convolutions: ConvolutionReport | null;
}> {
  if (!convolves(outputs)) return { lowered: outputs, convolutions: null };
  const size: BlockSize = blocks ? await findOnce() : { reason: "blocks were not wanted" };
  if ("reason" in size)
    return { lowered: outputs, convolutions: { block: null, blocked: 0, plain: [{ reason: size.reason }] } };
  const { outputs: lowered, blocked, plain } = lowerToBlocks(outputs, size.block);
  const named = plain.map(({ tensor, reason }) => ({ tensor: tensor.name, reason }));
  return { lowered, convolutions: { block: size.block, blocked, plain: named } };
}

const ARRAYS: Record<DType, Values["constructor"]> = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  // the bits of half precision
  float16: Uint16Array,
  bfloat16: Uint16Array,
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

/**
 * The central types: a module declares its parameters and buffers as data, and builds its part of a graph in `forward`.
 * It holds no values and no state: where parameters come from, and where a buffer's update goes, is the context's business.
 * Names are torch's: `0.weight`, `2.running_mean`. Most modules map one tensor to one; what takes or gives several
 * (queries with keys and values, a sequence with its last state) says so by its type parameters.
 */
import { Graph, type Shape, sizeOf, type Tensor } from "@thalweg/graph";
import { type Stream, stream } from "@thalweg/random";

/** Fill a parameter's starting values, row-major, from a random stream. */
export type Initializer = (out: Float32Array, shape: Shape, random: Stream) => void;

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly initialize: Initializer;
  /** What it does in the layer: weight decay, for one, usually spares biases and scales. */
  readonly kind: "weight" | "bias" | "scale" | "embedding";
}

/** A value that training carries along without a gradient, such as a running mean. */
export interface BufferSpec {
  readonly name: string;
  readonly shape: Shape;
  /** Every element's starting value, or the values of all of them. */
  readonly initial: number | ArrayLike<number>;
}

export interface Context {
  readonly graph: Graph;
  /** The place of the module that is being built, such as `layers.2.attention`; empty for the outermost. */
  readonly path: string;
  /** True while training: dropout drops, and batch normalisation uses the batch's own statistics. */
  readonly training: boolean;
  parameter(name: string): Tensor;
  buffer(name: string): Tensor;
  updateBuffer(name: string, value: Tensor): void;
  /** Fresh uniform numbers in [0, 1) for every run, fed by the host. */
  noise(name: string, shape: Shape): Tensor;
  /** The mean over all processes that train together, where statistics of the batch are those of all its parts. */
  readonly average?: Average;
}

/** Something of a part of a batch, and how many parts there are. */
export interface Average {
  readonly parts: number;
  of(tensor: Tensor): Tensor;
}

/** A name under which torch keeps something that is no parameter or buffer here. */
export interface StoredName {
  readonly name: string;
  /** The parameter that it repeats; without one, it holds what is computed here, such as a mask. */
  readonly repeats?: string;
}

export interface Module<Input = Tensor, Output = Tensor> {
  readonly parameters: readonly ParameterSpec[];
  readonly buffers: readonly BufferSpec[];
  /** Further names in torch's files; see `weights.ts`. */
  readonly alsoStored?: readonly StoredName[];
  forward(x: Input, context: Context): Output;
}

/** What a module declares, whatever it maps to what. */
export type Declared = Pick<Module, "parameters" | "buffers" | "alsoStored">;

/** The same context seen from a child: every name gets the child's prefix, in the graph's node names too. */
export function within(context: Context, prefix: string): Context {
  return {
    graph: context.graph,
    path: context.path === "" ? prefix : `${context.path}.${prefix}`,
    training: context.training,
    parameter: (name) => context.parameter(`${prefix}.${name}`),
    buffer: (name) => context.buffer(`${prefix}.${name}`),
    updateBuffer: (name, value) => context.updateBuffer(`${prefix}.${name}`, value),
    noise: (name, shape) => context.noise(`${prefix}.${name}`, shape),
    ...(context.average && { average: context.average }),
  };
}

/** What tracing a module collects: its graph's inputs by name, and the buffers' new values. */
export interface Tracing extends Context {
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly buffers: ReadonlyMap<string, Tensor>;
  readonly updates: ReadonlyMap<string, Tensor>;
  readonly noises: ReadonlyMap<string, Tensor>;
  /** What is averaged over the parts of a batch, in order: from each part's `own`, and the input that the mean is fed to. */
  readonly averages: readonly { readonly own: Tensor; readonly mean: Tensor }[];
}

/**
 * A context in which every parameter, buffer and noise of `module` is a graph input of its own name. Parameters and
 * buffers are all made at once, in the order the module declares them; noise inputs as layers ask for them. With `parts`, layers
 * may ask for means over so many parts of the batch, and each of these is an input, too.
 */
export function tracing(
  module: Declared,
  options: { training: boolean; graph?: Graph; parts?: number },
): Tracing {
  const { training, graph = new Graph(), parts = 1 } = options;
  const inputs = (specs: readonly { name: string; shape: Shape }[]) =>
    new Map(specs.map(({ name, shape }) => [name, graph.input(name, shape)]));
  const parameters = inputs(module.parameters);
  const buffers = inputs(module.buffers);
  const updates = new Map<string, Tensor>();
  const noises = new Map<string, Tensor>();
  const averages: { own: Tensor; mean: Tensor }[] = [];
  const average: Average = {
    parts,
    of: (own) => {
      const mean = graph.input(`average/${averages.length}`, own.shape, own.dtype);
      averages.push({ own, mean });
      return mean;
    },
  };
  return {
    graph,
    path: "",
    training,
    parameters,
    buffers,
    updates,
    noises,
    averages,
    ...(parts > 1 && { average }),
    parameter: (name) => find(parameters, name, "parameter"),
    buffer: (name) => find(buffers, name, "buffer"),
    updateBuffer: (name, value) => {
      find(buffers, name, "buffer");
      updates.set(name, value);
    },
    noise: (name, shape) => {
      const noise = graph.input(name, shape);
      noises.set(name, noise);
      return noise;
    },
  };
}

function find(known: ReadonlyMap<string, Tensor>, name: string, kind: string): Tensor {
  const tensor = known.get(name);
  if (tensor) return tensor;
  const names = [...known.keys()].join(", ") || "none";
  throw new RangeError(
    `Cannot find ${kind} ${name} as the module declares no such ${kind}: it declares ${names}`,
  );
}

/** How many numbers a module learns. */
export const countParameters = ({ parameters }: Declared): number =>
  parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** Starting values of every parameter: parameter k is drawn from `stream(seed, "init", k)`, whatever the others are. */
export function initializeParameters(module: Declared, seed: number): Map<string, Float32Array> {
  return new Map(
    module.parameters.map(({ name, shape, initialize }, k) => {
      const values = new Float32Array(sizeOf(shape));
      initialize(values, shape, stream(seed, "init", k));
      return [name, values];
    }),
  );
}

/** Starting values of every buffer. */
export const initializeBuffers = (module: Declared): Map<string, Float32Array> =>
  new Map(
    module.buffers.map(({ name, shape, initial }) => {
      const values = new Float32Array(sizeOf(shape));
      if (typeof initial === "number") values.fill(initial);
      else values.set(initial);
      return [name, values];
    }),
  );

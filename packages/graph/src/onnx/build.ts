/**
 * From a checked model to tensors of a graph, node by node. Symbolic sizes are bound first, so all shapes are known, and whatever
 * follows from shapes and constants alone (`Shape`, `Gather`, `Concat` … up to a `Reshape`) is computed on the way.
 *
 * Building is a generator: where a carried node's output types are not known it asks for them, and who drives it answers.
 */
import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from "../generated/onnx_pb.js";
import { type DType, Graph, isFloat, type Tensor, type TensorType } from "../graph.ts";
import { type Shape, sameShape, show } from "../shapes.ts";
import { carried, carriedAttributes } from "./carry.ts";
import { branch, type Inline, unroll } from "./control-flow.ts";
import { OnnxError, quote } from "./error.ts";
import type { ReadExternal } from "./external.ts";
import { describe, type KnownValue, NodeView, nameOf, type Surroundings } from "./node.ts";
import {
  altered,
  attributeDefaults,
  domainOf,
  inOrder,
  opsetsOf,
  type Size,
  type ValueType,
} from "./parse.ts";
import { READERS } from "./readers/index.ts";
import { initializerName, LARGEST_SIZE, MOST_AXES, readTensor, type StoredTensor } from "./tensor.ts";

export interface BuildOptions {
  /** Values of symbolic sizes: `{ batch: 32 }`. An axis without a name goes by `input.axis`, such as `x.0`. */
  readonly sizes?: Readonly<Record<string, number>>;
  /**
   * What the first axis of every input has instead of the number that the file says: a model that was exported for one example takes
   * many, unless its nodes have that number in them.
   */
  readonly batch?: number;
  /**
   * Which float tensors of the file are parameters, inputs of the graph, rather than constants. Left out: all initializers, and no
   * values of Constant nodes.
   */
  readonly parameters?: (name: string, from: "initializer" | "node") => boolean;
  /** Let batch normalisation and dropout act as in training, or as in inference. Left out: as the file says. */
  readonly training?: boolean;
  /** The graph to build in. Left out: a new one. */
  readonly graph?: Graph;
  /** Tensors that stand for inputs or initializers of these names. */
  readonly bind?: ReadonlyMap<string, Tensor>;
}

/** What a model became. All maps go by the file's names. */
export interface BuiltModel {
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Inputs whose values stand in the file, and through which an output can be differentiated: what can be trained. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** Inputs whose values stand in the file and are kept rather than trained: running statistics, masks. */
  readonly buffers: ReadonlyMap<string, Tensor>;
  /** Inputs that the host fills with numbers uniform in [0, 1) before each run, by the nodes that need them: dropout's noise. */
  readonly noises: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** What buffers hold after a step, where normalisation acts as in training. */
  readonly updates: ReadonlyMap<string, Tensor>;
}

/** What the reading of a file leaves for building. */
export interface Source {
  readonly graph: GraphProto;
  readonly nodes: readonly NodeProto[];
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: ReadonlyMap<string, ValueType>;
  readonly initializers: ReadonlyMap<string, StoredTensor>;
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** Types that the file declares for values on the way. */
  readonly declared: ReadonlyMap<string, ValueType>;
  /** An upper bound of the elements that the file's tensors have together. */
  readonly size: number;
  readonly external: ReadExternal;
}

/** A carried node whose output types are asked for. */
export interface Question {
  readonly node: NodeProto;
  readonly operands: readonly (Tensor | undefined)[];
}
export type Answer = readonly (TensorType | null)[];
type Building<T> = Generator<Question, T, Answer>;

/** Far above any real model (a hundred layers unrolled over a thousand steps); keeps hostile ones within memory. */
const MOST_TENSORS = 400_000;
/** Elements of constants that readers may write out, beyond those that the file holds: ranges, tables of indices. */
const MOST_WRITTEN = 2 ** 23;
/** Far above any real file; functions that call functions can stand for exponentially many. */
const MOST_NODES = 100_000;
/** Sub-graphs and functions within one another. */
const DEEPEST = 32;

/** Operators with graphs of their own. */
const CONTROL_FLOW: Readonly<
  Record<string, (node: NodeView, inline: Inline<Question, Answer>) => Building<readonly Tensor[]>>
> = { If: branch, Loop: unroll };

/** Operands that hold running statistics: kept, not trained. */
const STATISTICS: ReadonlyMap<string, readonly number[]> = new Map([["BatchNormalization", [3, 4]]]);

/** Names that a graph, a branch or a function's body can use: its own, then those around it. */
class Scope {
  readonly values = new Map<string, Tensor>();
  readonly stored: Map<string, StoredTensor>;
  readonly parent: Scope | null;
  /** How many graphs and functions this one lies in. */
  readonly depth: number;

  /** Versions of the operator sets, by domain. */
  readonly opsets: ReadonlyMap<string, number>;

  constructor(
    depth: number,
    opsets: ReadonlyMap<string, number>,
    stored: Iterable<readonly [string, StoredTensor]> = [],
    parent: Scope | null = null,
  ) {
    this.depth = depth;
    this.opsets = opsets;
    this.stored = new Map(stored);
    this.parent = parent;
  }

  find<T>(look: (scope: Scope) => T | undefined): T | undefined {
    for (let scope: Scope | null = this; scope; scope = scope.parent) {
      const found = look(scope);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.find((scope) => scope.values.has(name) || scope.stored.has(name) || undefined) ?? false;
  }
}

export function* build(source: Source, options: BuildOptions): Building<BuiltModel> {
  try {
    const builder = new Builder(source, options);
    const outputs = new Map<string, Tensor>();
    yield* builder.nodes(source.nodes, builder.main);
    for (const { name } of source.graph.output) outputs.set(name, builder.outputOf(name));
    builder.keepUnreached([...outputs.values()]);
    const { graph, inputs, noises, updates } = builder;
    const parameters = inFileOrder(builder.parameters, source);
    const buffers = inFileOrder(builder.buffers, source);
    return { graph, inputs, parameters, buffers, noises, outputs, updates };
  } catch (error) {
    throw told(error, "Cannot build the model");
  }
}

class Builder {
  readonly graph: Graph;
  readonly main: Scope;
  readonly inputs = new Map<string, Tensor>();
  readonly parameters = new Map<string, Tensor>();
  readonly buffers = new Map<string, Tensor>();
  readonly noises = new Map<string, Tensor>();
  readonly updates = new Map<string, Tensor>();
  readonly #source: Source;
  readonly #options: BuildOptions;
  readonly #statistics: ReadonlySet<string>;
  #built = 0;

  constructor(source: Source, options: BuildOptions) {
    this.#source = source;
    this.#options = options;
    this.graph = options.graph ?? new Graph({ tensors: MOST_TENSORS, elements: MOST_WRITTEN + source.size });
    this.main = new Scope(0, source.opsets, source.initializers);
    this.#statistics = new Set(
      source.nodes.flatMap(({ opType, input }) => (STATISTICS.get(opType) ?? []).map((k) => input[k] ?? "")),
    );
    const types = [...source.inputs].map(([name, type]) => {
      const [first, ...rest] = type.sizes;
      const free = options.batch === undefined || typeof first !== "number";
      const sizes = free ? type.sizes : [options.batch, ...rest];
      return [name, bindSizes(name, { ...type, sizes }, options.sizes ?? {})] as const;
    });
    for (const [name, { shape, dtype }] of types) {
      const tensor = this.#bound(name, dtype, shape) ?? this.graph.input(name, shape, dtype);
      this.inputs.set(name, tensor);
      this.main.values.set(name, tensor);
    }
    this.graph.reserve(source.initializers.keys());
  }

  outputOf(name: string): Tensor {
    if (this.main.has(name)) return this.#tensor(this.main, name);
    throw new OnnxError(
      `Cannot build the model as its output ${quote(name)} must be an input, an initializer or a node's output: there is none of that name`,
    );
  }

  /** Float tensors without a derivative, such as a mask that is only compared with 0, are kept rather than trained. */
  keepUnreached(outputs: readonly Tensor[]): void {
    const reached = differentiable(outputs);
    for (const [name, tensor] of this.parameters) {
      if (reached.has(tensor)) continue;
      this.parameters.delete(name);
      this.buffers.set(name, tensor);
    }
  }

  *nodes(nodes: readonly NodeProto[], scope: Scope): Building<void> {
    for (const node of nodes) {
      this.#count(node);
      const before = this.graph.count;
      const results = yield* this.#told(node, scope);
      for (const [k, name] of node.output.entries()) {
        const result = results[k];
        if (name === "") continue;
        if (!result) {
          throw new OnnxError(
            `Cannot import ${describe(node)} as output ${k} (${quote(name)}) is asked for: its reader gives ${results.length}`,
          );
        }
        if (!(result.size <= LARGEST_SIZE && result.rank <= MOST_AXES)) {
          throw new OnnxError(
            `Cannot import ${describe(node)} as a tensor may have 2^40 elements and ${MOST_AXES} axes: ${quote(name)} has ${result.rank} axes and ${result.size} elements`,
          );
        }
        if (result.id >= before) this.graph.rename(result, name, node.name);
        scope.values.set(name, result);
      }
    }
  }

  #count(node: NodeProto): void {
    if (++this.#built <= MOST_NODES) return;
    throw new OnnxError(
      `Cannot import ${describe(node)} as a model may have ${MOST_NODES} nodes, those of functions and loops written out: there are more`,
    );
  }

  /** What the node gives; errors of its reader, or of the operators that it applies, are told with its name. */
  *#told(node: NodeProto, scope: Scope): Building<readonly Tensor[]> {
    try {
      return yield* this.#node(node, scope);
    } catch (error) {
      throw told(error, `Cannot import ${describe(node)}`);
    }
  }

  *#node(node: NodeProto, scope: Scope): Building<readonly Tensor[]> {
    const domain = domainOf(node.domain);
    const local = this.#source.functions.get(`${domain}:${node.opType}`);
    if (local) return yield* this.#call(node, local, scope);
    const opset = scope.opsets.get(domain);
    if (opset === undefined) {
      throw new OnnxError(
        `Cannot import ${describe(node)} as the model must name the operator sets that it uses: it has none for domain ${quote(domain)}`,
      );
    }
    const view = new NodeView(node, opset, this.#around(scope));
    const flow =
      domain === "" && Object.hasOwn(CONTROL_FLOW, node.opType) ? CONTROL_FLOW[node.opType] : undefined;
    if (flow) return yield* flow(view, (graph, inputs) => this.#inline(node, graph, scope, inputs));
    const reader = domain === "" && Object.hasOwn(READERS, node.opType) ? READERS[node.opType] : undefined;
    const results = reader ? this.graph.scope(view.name, () => reader(view)) : null;
    if (results) return Array.isArray(results) ? results : [results as Tensor];
    return yield* this.#carry(view, opset);
  }

  *#carry(view: NodeView, opset: number): Building<readonly Tensor[]> {
    const { proto } = view;
    const operands = view.inputs;
    // asked before the types: what cannot be carried needs none
    carried(proto, opset, []);
    const types = this.#declared(proto) ?? (yield { node: proto, operands });
    const operator = carried(proto, opset, types);
    const given = operands.map((operand) => operand ?? this.graph.absent);
    return this.graph.applyMany(operator, given, carriedAttributes(proto, opset));
  }

  /** Output types that the file declares, where it declares all of them with sizes that are known. */
  #declared(node: NodeProto): Answer | null {
    if (this.#options.batch !== undefined) return null; // declared for another one
    const types = node.output.map((name) => {
      if (name === "") return null;
      const type = this.#source.declared.get(name);
      const shape = type?.sizes.map((size) => known(size, this.#options.sizes ?? {}));
      return type && shape?.every((size) => size !== undefined) ? { dtype: type.dtype, shape } : undefined;
    });
    return types.every((type) => type !== undefined) ? (types as Answer) : null;
  }

  /** A sub-graph of the node, which sees the names around it. */
  *#inline(
    node: NodeProto,
    graph: GraphProto,
    scope: Scope,
    inputs: readonly Tensor[],
  ): Building<readonly Tensor[]> {
    this.#count(node);
    const stored = graph.initializer.map((proto) => {
      const what = initializerName(proto.name);
      return [proto.name, readTensor(proto, what, this.#source.external)] as const;
    });
    const inner = new Scope(deeper(node, scope), scope.opsets, stored, scope);
    for (const [k, { name }] of graph.input.entries()) if (inputs[k]) inner.values.set(name, inputs[k]);
    yield* this.nodes(
      inOrder(graph.node, (name) => inner.has(name)),
      inner,
    );
    return graph.output.map(({ name }) => this.#tensor(inner, name));
  }

  /** A function of the model, written out in the place of its call. */
  *#call(node: NodeProto, body: FunctionProto, scope: Scope): Building<readonly Tensor[]> {
    const inner = new Scope(deeper(node, scope), new Map([...scope.opsets, ...opsetsOf(body)]));
    for (const [k, name] of body.input.entries()) {
      inner.values.set(name, node.input[k] ? this.#tensor(scope, node.input[k]) : this.graph.absent);
    }
    const listed = [...attributeDefaults(body), ...node.attribute];
    const given = new Map(listed.map((attribute) => [attribute.name, attribute]));
    const resolve = (attribute: AttributeProto): AttributeProto[] => {
      if (!attribute.refAttrName) return [attribute];
      const value = given.get(attribute.refAttrName);
      return value ? [altered(value, { name: attribute.name })] : [];
    };
    const nodes = body.node.map((part) =>
      altered(part, {
        name: `${nameOf(node)}/${nameOf(part)}`,
        attribute: part.attribute.flatMap(resolve),
      }),
    );
    yield* this.nodes(
      inOrder(nodes, (name) => inner.has(name)),
      inner,
    );
    return body.output.map((name) => this.#tensor(inner, name));
  }

  #around(scope: Scope): Surroundings {
    return {
      graph: this.graph,
      training: this.#options.training,
      tensor: (name) => this.#tensor(scope, name),
      known: (name) => this.#known(scope, name),
      place: (name, value) => this.#place(name, value, "node"),
      noise: (name, shape) => this.#noise(name, shape),
      update: (name, next) => {
        if (this.buffers.has(name) || this.parameters.has(name)) this.updates.set(name, next);
      },
      external: this.#source.external,
    };
  }

  #tensor(scope: Scope, name: string): Tensor {
    const holder = scope.find((one) => (one.values.has(name) || one.stored.has(name) ? one : undefined));
    if (!holder) throw new OnnxError(`Cannot import the model as there is no tensor named ${quote(name)}`);
    const known = holder.values.get(name);
    if (known) return known;
    const value = holder.stored.get(name)!;
    const made = holder === this.main ? this.#place(name, value, "initializer") : this.#constant(name, value);
    holder.values.set(name, made);
    return made;
  }

  #known(scope: Scope, name: string): KnownValue | null {
    const holder = scope.find((one) => (one.values.has(name) || one.stored.has(name) ? one : undefined));
    const tensor = holder?.values.get(name);
    if (!tensor) return holder?.stored.get(name) ?? null;
    const { origin, dtype, shape } = tensor;
    return origin.kind === "constant" ? { dtype, shape, data: origin.data } : null;
  }

  /** A tensor of the file as a parameter, a buffer or a constant. */
  #place(name: string, value: KnownValue, from: "initializer" | "node"): Tensor {
    const { dtype, shape } = value;
    const chosen = this.#options.parameters ?? (() => from === "initializer");
    if (!isFloat(dtype) || !chosen(name, from)) return this.#constant(name, value);
    const tensor = this.#bound(name, dtype, shape) ?? this.graph.input(name, shape, dtype);
    (this.#statistics.has(name) ? this.buffers : this.parameters).set(name, tensor);
    return tensor;
  }

  #constant(name: string, { data, shape, dtype }: KnownValue): Tensor {
    const before = this.graph.count;
    const tensor = this.graph.constant(data, shape, dtype);
    if (tensor.id >= before) this.graph.rename(tensor, name);
    return tensor;
  }

  #noise(name: string, shape: Shape): Tensor {
    const tensor = this.#bound(name, "float32", shape) ?? this.graph.input(`${name}/noise`, shape);
    this.noises.set(name, tensor);
    return tensor;
  }

  #bound(name: string, dtype: DType, shape: Shape): Tensor | undefined {
    const tensor = this.#options.bind?.get(name);
    if (!tensor || (tensor.dtype === dtype && sameShape(tensor.shape, shape))) return tensor;
    throw new OnnxError(
      `Cannot bind ${quote(name)} as it must be ${dtype} ${show(shape)}: what was given is ${tensor}`,
    );
  }
}

/** In the order of the file's initializers; values of nodes come last. */
function inFileOrder(tensors: ReadonlyMap<string, Tensor>, { initializers }: Source): Map<string, Tensor> {
  const names = new Set([...initializers.keys(), ...tensors.keys()]);
  return new Map([...names].flatMap((name) => (tensors.has(name) ? [[name, tensors.get(name)!]] : [])));
}

/** Every float tensor that some output depends on through operators that pass a gradient. */
function differentiable(outputs: readonly Tensor[]): Set<Tensor> {
  const found = new Set<Tensor>();
  const pending = [...outputs];
  for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
    if (found.has(tensor) || !isFloat(tensor.dtype)) continue;
    found.add(tensor);
    if (tensor.origin.kind !== "call") continue;
    const { operator, inputs } = tensor.origin.call;
    const last = operator.gradient.length - 1;
    pending.push(...inputs.filter((_, k) => operator.gradient[Math.min(k, last)] !== null));
  }
  return found;
}

/** An OnnxError as it is; any other error with what could not be done. */
const told = (error: unknown, what: string): OnnxError =>
  error instanceof OnnxError
    ? error
    : new OnnxError(`${what}: ${(error as Error).message}`, { cause: error });

/** One level further down, unless that is too deep: a function may call itself. */
function deeper(node: NodeProto, { depth }: Scope): number {
  if (depth < DEEPEST) return depth + 1;
  throw new OnnxError(
    `Cannot import ${describe(node)} as sub-graphs and functions may be nested ${DEEPEST} deep: this one lies deeper`,
  );
}

const known = (size: Size, sizes: Readonly<Record<string, number>>): number | undefined =>
  typeof size === "number" ? size : Object.hasOwn(sizes, size) ? sizes[size] : undefined;

function bindSizes(name: string, type: ValueType, sizes: Readonly<Record<string, number>>): TensorType {
  const shape = type.sizes.map((size, axis) => {
    const value = known(size, sizes);
    if (value === undefined) {
      throw new OnnxError(
        `Cannot build the model as axis ${axis} of input ${quote(name)} has the symbolic size ${quote(`${size}`)}: give its value, as in sizes: { ${quote(`${size}`)}: 32 }`,
      );
    }
    if (Number.isInteger(value) && value >= 0) return value;
    throw new OnnxError(
      `Cannot build the model as axis ${axis} of input ${quote(name)} must have a whole number for its size, 0 or more: found ${value}`,
    );
  });
  const size = shape.reduce((n, d) => n * d, 1);
  if (size <= LARGEST_SIZE && shape.length <= MOST_AXES) return { dtype: type.dtype, shape };
  throw new OnnxError(
    `Cannot build the model as a tensor may have 2^40 elements and ${MOST_AXES} axes: input ${quote(name)} has ${shape.length} axes and ${size} elements`,
  );
}

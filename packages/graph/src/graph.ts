/**
 * The central types: a graph of tensors, each an input, a constant, or the result of one ONNX operator applied to earlier tensors.
 * Shapes are static and known at once, so a mistake is reported on the line that makes it. Tensors are numbered as they
 * are made, so ascending numbers are a topological order. Equal applications give the same tensor (hash-consing), and
 * applications to small constants are computed on the spot: the graph never holds a common subexpression twice.
 *
 * Read next: `ops/elementwise.ts`, then any other file under `ops/`; `gradients.ts`; `evaluate.ts`; `serialize.ts`.
 */
import type { AttributeProto } from "./generated/onnx_pb.js";
import type * as operators from "./ops/index.ts";
import { type Shape, show, sizeOf } from "./shapes.ts";
import type { Checkpoint } from "./transforms/checkpoint.ts";

/** Element types with ONNX's `TensorProto.DataType` codes. */
export const DTYPE_CODES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;
export type DType = keyof typeof DTYPE_CODES;

const FLOATS: ReadonlySet<DType> = new Set(["float32", "float64", "float16", "bfloat16"]);
export const isFloat = (dtype: DType): boolean => FLOATS.has(dtype);

/**
 * Attributes bear ONNX's names. Those an operator lists as `trailing` become constant inputs in the model. A tensor or a
 * sub-graph is kept as ONNX's own message: only operators that are carried have one.
 */
export type Attribute = number | string | readonly number[] | readonly string[] | AttributeProto;
export type Attributes = { readonly [name: string]: Attribute };

/**
 * An application's operands, in ONNX's order. Typed as at least three so that rules can take them apart by position; an
 * operator reads only as many as it was built with. Optional ones are checked by `inputs.length`, and by `isAbsent` where
 * one that is left out stands before one that is given.
 */
export type Operands = readonly [Tensor, Tensor, Tensor, ...Tensor[]];

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One application of an operator, as its gradient rules see it. */
export interface Call<A extends Attributes = Attributes> {
  readonly inputs: Operands;
  readonly attributes: A;
  readonly output: Tensor;
  /** dL/d(output), of the output's shape and dtype. */
  readonly gradient: Tensor;
}

/** An application with several outputs, as its gradient rules see it. */
export interface MultiCall<A extends Attributes = Attributes> {
  readonly inputs: Operands;
  readonly attributes: A;
  readonly outputs: readonly Tensor[];
  /** dL/d(output k), or null where L does not depend on that output. At least one is there. */
  readonly gradients: readonly (Tensor | null)[];
}

/** What a constant holds: numbers in the form they came in. */
export type Numbers =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Values in the reference interpreter: float64 whatever the dtype; booleans are 0 and 1. */
export interface Value {
  readonly shape: Shape;
  readonly data: Float64Array;
}
export type Values = readonly [Value, Value, Value, ...Value[]];

export type Ops = typeof operators;

/**
 * dL/d(input k) as a composition of operators, or null where the derivative is zero everywhere. `ops` are all operators:
 * they come as an argument because families need each other's (a sum's gradient expands, an expansion's sums).
 */
export type Rule<A extends Attributes = Attributes> = {
  rule(call: Call<A>, ops: Ops, k: number): Tensor | null;
}["rule"];

/** dL/d(input k) of an operator with several outputs. */
export type MultiRule<A extends Attributes = Attributes> = {
  rule(call: MultiCall<A>, ops: Ops, k: number): Tensor | null;
}["rule"];

interface Declaration<A extends Attributes> {
  /** ONNX's name, such as `MatMul`. */
  readonly name: string;
  /** The operator set that the name belongs to; ONNX's own when left out. */
  readonly domain?: string;
  /** Attributes that ONNX takes as constant inputs after the operands, in this order. */
  readonly trailing?: readonly (keyof A & string)[];
  /** Attributes that are floats in ONNX, alone or in lists; all other numbers are integers. */
  readonly floats?: readonly (keyof A & string)[];
  /** The oldest opset (of its domain) that has the operator in this form, where models need a newer one than they are written in. */
  readonly opset?: number;
  /** True when applications are never merged nor computed ahead: each draws numbers of its own, or cannot be evaluated. */
  readonly distinct?: true;
}

/** One entry of the operator table: everything there is to know about an operator, side by side. */
export interface Operator<A extends Attributes = Attributes> extends Declaration<A> {
  /** True when each output element depends only on the operands' elements at its place, after broadcasting. */
  readonly elementwise?: true;
  /** Output shape and dtype; throws an error that teaches when the operands do not fit. */
  infer(inputs: Operands, attributes: A): TensorType;
  /** The slow, plain meaning of the operator, in float64. */
  evaluate(inputs: Values, attributes: A, output: TensorType): Float64Array;
  /** One rule per input; the last one serves all further inputs; an input with null passes no gradient. */
  readonly gradient: readonly (Rule<A> | null)[];
}

/** The same for an operator with several outputs, such as `Split`. */
export interface MultiOperator<A extends Attributes = Attributes> extends Declaration<A> {
  readonly elementwise?: never;
  /** Outputs that are left out of the model where nothing reads them; all others are always written. */
  readonly optionalOutputs?: readonly number[];
  inferAll(inputs: Operands, attributes: A): readonly TensorType[];
  evaluateAll(inputs: Values, attributes: A, outputs: readonly TensorType[]): readonly Float64Array[];
  readonly gradient: readonly (MultiRule<A> | null)[];
}

/** One application of an operator. Its outputs are numbered one after another. */
export interface Application {
  readonly operator: Operator | MultiOperator;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
}

/**
 * What a composition of operators amounts to as a whole. Rules leave it beside the composition's last tensor, so that a
 * lowering can compute that tensor another way; whoever does not know the name computes the composition.
 */
export interface Composite {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** Rules for its inputs, where they are better than what the composition's own operators amount to. */
  readonly gradient?: readonly (Rule | null)[];
}

export type Origin =
  | { readonly kind: "input" }
  | { readonly kind: "constant"; readonly data: Numbers }
  /** Stands where an optional operand is left out. */
  | { readonly kind: "absent" }
  /** Output number `output` of the call. */
  | { readonly kind: "call"; readonly call: Application; readonly output: number };

export class Tensor {
  readonly graph: Graph;
  readonly id: number;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly origin: Origin;

  constructor(graph: Graph, id: number, name: string, dtype: DType, shape: Shape, origin: Origin) {
    this.graph = graph;
    this.id = id;
    this.name = name;
    this.dtype = dtype;
    this.shape = shape;
    this.origin = origin;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get isAbsent(): boolean {
    return this.origin.kind === "absent";
  }

  /** `x float32 [2, 3]`, as messages name a tensor. */
  toString(): string {
    return `${this.name} ${this.dtype} ${show(this.shape)}`;
  }
}

/** Bounds of a graph that is built from what others wrote. */
export interface Capacity {
  readonly tensors: number;
  /** Elements of all constants together. */
  readonly elements: number;
}
const UNBOUNDED: Capacity = { tensors: Number.POSITIVE_INFINITY, elements: Number.POSITIVE_INFINITY };

/** Constants of at most this many elements are shared when they are equal. */
const SHARE_LIMIT = 256;

/** Elements that one graph computes ahead, all results together: shapes and tables are small, and beyond them it does not pay. */
const FOLD_BUDGET = 2 ** 22;

/**
 * Applications to constants are computed at once when the result has at most this many elements. Whole numbers and truth
 * values are shapes and tables of indices, from which imported models work out sizes: a window of 7×7 has a table of 49².
 */
const foldLimit = (dtype: DType): number => (isFloat(dtype) ? 256 : 4096);

export class Graph {
  readonly inputs: Tensor[] = [];
  readonly composites = new Map<Tensor, Composite>();
  /** Blocks whose activations a backward pass computes again: `transforms/checkpoint.ts`. */
  readonly checkpoints: Checkpoint[] = [];
  readonly #capacity: Capacity;
  #count = 0;
  #elements = 0;
  #folded = 0;
  #scopes: string[] = [];
  readonly #names = new Map<string, number>();
  readonly #known = new Map<string, readonly Tensor[]>();
  readonly #reserved = new Set<string>();
  readonly #callNames = new Map<Application, string>();

  constructor(capacity: Capacity = UNBOUNDED) {
    this.#capacity = capacity;
  }

  /** How many tensors there are, which is the number that the next one gets. */
  get count(): number {
    return this.#count;
  }

  /** A value fed at run time. Names are unique among inputs, and appear unchanged in the ONNX model. */
  input(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
    if (this.#names.has(name) && !this.#reserved.delete(name))
      throw new RangeError(`Cannot add input ${name} as the name is taken: choose another`);
    requireShape(`add input ${name}`, shape);
    this.#names.set(name, 1);
    const tensor = new Tensor(this, this.#next(), name, dtype, [...shape], { kind: "input" });
    this.inputs.push(tensor);
    return tensor;
  }

  /** Keep names for inputs that are added later. */
  reserve(names: Iterable<string>): void {
    for (const name of names) {
      if (this.#names.has(name)) continue;
      this.#names.set(name, 1);
      this.#reserved.add(name);
    }
  }

  /**
   * A value fixed now; it becomes an initializer of the model. `values` are row-major; a number makes a scalar. A typed array
   * is copied in its own form, so that a large one stays small: what float32 cannot hold exactly belongs in a Float64Array.
   */
  constant(values: number | ArrayLike<number>, shape?: Shape, dtype: DType = "float32"): Tensor {
    const data = typeof values === "number" ? Float64Array.of(values) : copyOf(values);
    const dims = shape ?? (typeof values === "number" ? [] : [data.length]);
    requireShape("add a constant", dims);
    if (data.length !== sizeOf(dims)) {
      throw new RangeError(
        `Cannot add a constant as shape ${show(dims)} needs ${sizeOf(dims)} values: found ${data.length}`,
      );
    }
    const make = () => {
      this.#elements += data.length;
      if (this.#elements > this.#capacity.elements) {
        throw new RangeError(
          `Cannot add a constant of ${data.length} values as those of the graph may have ${this.#capacity.elements} together: build a smaller one`,
        );
      }
      const name = this.#unique("Constant");
      return [new Tensor(this, this.#next(), name, dtype, [...dims], { kind: "constant", data })];
    };
    if (data.length > SHARE_LIMIT) return make()[0]!;
    // -0 and 0 are one key otherwise
    const key = `constant ${dtype} ${dims} ${Array.from(data, (v) => (Object.is(v, -0) ? "-0" : v))}`;
    return this.#once(key, make)[0]!;
  }

  /** A value that nothing computes: derivatives are taken with respect to it where they do not depend on it. */
  placeholder(shape: Shape, dtype: DType): Tensor {
    const name = this.#unique("Placeholder");
    return new Tensor(this, this.#next(), name, dtype, [...shape], { kind: "input" });
  }

  /** What stands for an optional operand that is left out before one that is given: ONNX's empty name. */
  get absent(): Tensor {
    return this.#once("absent", () => [
      new Tensor(this, this.#next(), "", "float32", [0], { kind: "absent" }),
    ])[0]!;
  }

  /** The result of `operator` on `inputs`: the door through which every operator function goes. */
  apply<A extends Attributes>(operator: Operator<A>, inputs: readonly Tensor[], attributes: A): Tensor {
    this.#requireOwn(operator.name, inputs);
    const output = operator.infer(inputs as unknown as Operands, attributes);
    const evaluate = (values: Values) => [operator.evaluate(values, attributes, output)];
    return this.#applied(operator as Operator, inputs, attributes, [output], evaluate)[0]!;
  }

  /** All results of an operator with several outputs. */
  applyMany<A extends Attributes>(
    operator: MultiOperator<A>,
    inputs: readonly Tensor[],
    attributes: A,
  ): readonly Tensor[] {
    this.#requireOwn(operator.name, inputs);
    const outputs = operator.inferAll(inputs as unknown as Operands, attributes);
    const evaluate = (values: Values) => operator.evaluateAll(values, attributes, outputs);
    return this.#applied(operator as MultiOperator, inputs, attributes, outputs, evaluate);
  }

  /** The same operator with the same attributes on other operands. */
  reapply({ operator, attributes }: Application, inputs: readonly Tensor[]): readonly Tensor[] {
    return "inferAll" in operator
      ? this.applyMany(operator, inputs, attributes)
      : [this.apply(operator, inputs, attributes)];
  }

  #applied(
    operator: Operator | MultiOperator,
    inputs: readonly Tensor[],
    attributes: Attributes,
    types: readonly TensorType[],
    evaluate: (values: Values) => readonly Float64Array[],
  ): readonly Tensor[] {
    for (const { shape } of types) {
      if (!shape.every(isSize)) {
        throw misfit(
          operator.name,
          inputs,
          "every size must be a whole number, 0 or more",
          `it would give ${show(shape)}`,
        );
      }
    }
    const make = (): Tensor[] => {
      const folded = operator.distinct || this.#folded > FOLD_BUDGET ? null : fold(inputs, types, evaluate);
      if (folded) {
        this.#folded += folded.reduce((sum, data) => sum + data.length, 0);
        return folded.map((data, k) => this.constant(data, types[k]!.shape, types[k]!.dtype));
      }
      const outputs: Tensor[] = [];
      const call: Application = { operator, inputs: [...inputs], attributes, outputs };
      for (const [output, { shape, dtype }] of types.entries()) {
        const name = this.#unique(operator.name);
        outputs.push(new Tensor(this, this.#next(), name, dtype, shape, { kind: "call", call, output }));
      }
      return outputs;
    };
    if (operator.distinct) return make();
    const key = `${operator.domain ?? ""} ${operator.name} ${inputs.map((t) => t.id)} ${Object.entries(attributes).join(" ")}`;
    return this.#once(key, make);
  }

  #next(): number {
    const { tensors } = this.#capacity;
    if (this.#count >= tensors) {
      throw new RangeError(`Cannot add a tensor as the graph may hold ${tensors}: build a smaller one`);
    }
    return this.#count++;
  }

  #requireOwn(operator: string, inputs: readonly Tensor[]): void {
    const stranger = inputs.find((tensor) => tensor.graph !== this);
    if (stranger) {
      throw new TypeError(
        `Cannot apply ${operator} to ${stranger} as it belongs to another graph: build both operands in one graph`,
      );
    }
  }

  /** Give a computed tensor or a constant the name that it has elsewhere, and its call that of a node. Taken names are numbered. */
  rename(tensor: Tensor, name: string, node?: string): void {
    const { kind } = tensor.origin;
    if (kind === "input" || kind === "absent") return;
    (tensor as { name: string }).name = this.#free(name);
    if (node && kind === "call") this.#callNames.set(tensor.origin.call, node);
  }

  /** The name that the node of a call was given. */
  nodeName(call: Application): string | undefined {
    return this.#callNames.get(call);
  }

  /** Prefix the names of everything `build` makes, so that the model stays readable: `scope("0", …)` gives `0/Gemm`. */
  scope<T>(name: string, build: () => T): T {
    this.#scopes.push(name);
    try {
      return build();
    } finally {
      this.#scopes.pop();
    }
  }

  #once(key: string, make: () => readonly Tensor[]): readonly Tensor[] {
    const known = this.#known.get(key);
    if (known) return known;
    const made = make();
    this.#known.set(key, made);
    return made;
  }

  #unique(name: string): string {
    return this.#free([...this.#scopes, name].join("/"));
  }

  #free(full: string): string {
    for (let name = full; ; ) {
      const uses = this.#names.get(name) ?? 0;
      this.#names.set(name, uses + 1);
      if (uses === 0) return name;
      name = `${name}_${uses}`;
    }
  }
}

function copyOf(values: ArrayLike<number>): Numbers {
  if (!ArrayBuffer.isView(values)) return Float64Array.from(values);
  // a Buffer's own slice() copies nothing
  return values instanceof Uint8Array ? new Uint8Array(values) : (values as Numbers).slice();
}

/** A constant's numbers as the interpreter computes with them. */
export const doubles = (data: Numbers): Float64Array =>
  data instanceof Float64Array ? data : Float64Array.from(data);

function fold(
  inputs: readonly Tensor[],
  types: readonly TensorType[],
  evaluate: (values: Values) => readonly Float64Array[],
): readonly Float64Array[] | null {
  if (inputs.length === 0 || types.some(({ shape, dtype }) => sizeOf(shape) > foldLimit(dtype))) return null;
  const values: Value[] = [];
  for (const { origin, shape, dtype, size } of inputs) {
    if (origin.kind === "absent") values.push({ shape, data: new Float64Array(0) });
    else if (origin.kind !== "constant" || size > foldLimit(dtype)) return null;
    else values.push({ shape, data: doubles(origin.data) });
  }
  return evaluate(values as unknown as Values);
}

const isSize = (d: number): boolean => Number.isInteger(d) && d >= 0;

function requireShape(action: string, shape: Shape): void {
  if (!shape.every(isSize)) {
    throw new RangeError(
      `Cannot ${action} as every size must be a whole number, 0 or more: current shape is ${show(shape)}`,
    );
  }
}

/** The error every operator throws: what was applied to what, what it requires, and the way out. */
export function misfit(
  operator: string,
  inputs: readonly Tensor[],
  requirement: string,
  wayOut?: string,
): RangeError {
  const operands = inputs.map(String).join(" and ");
  return new RangeError(
    `Cannot apply ${operator} to ${operands} as ${requirement}${wayOut ? `: ${wayOut}` : ""}`,
  );
}

/** `axis` counted from the front (ONNX lets it count from the back), or an error naming the operator. */
export function frontAxis(operator: string, x: Tensor, axis: number, rank = x.rank): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw misfit(
      operator,
      [x],
      `axis must be a whole number in [${-rank}, ${rank})`,
      `current value is ${axis}`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** Every tensor that `outputs` depend on, themselves included, in topological order. */
export function ancestors(outputs: readonly Tensor[]): Tensor[] {
  const found = new Set<Tensor>();
  const pending = [...outputs];
  for (let tensor = pending.pop(); tensor; tensor = pending.pop()) {
    if (found.has(tensor)) continue;
    found.add(tensor);
    if (tensor.origin.kind === "call") pending.push(...tensor.origin.call.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

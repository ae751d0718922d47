/**
 * The central types: a graph of tensors, each an input, a constant, or the result of one ONNX operator applied to earlier tensors.
 * Shapes are static and known at once, so a mistake is reported on the line that makes it. Tensors are numbered as they
 * are made, so ascending numbers are a topological order. Equal applications give the same tensor (hash-consing), and
 * applications to small constants are computed on the spot: the graph never holds a common subexpression twice.
 *
 * Read next: `ops/elementwise.ts`, then any other file under `ops/`; `gradients.ts`; `evaluate.ts`; `serialize.ts`.
 */
import type * as operators from "./ops/index.ts";
import { type Shape, show, sizeOf } from "./shapes.ts";

/** Element types with ONNX's `TensorProto.DataType` codes. */
export const DTYPE_CODES = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 } as const;
export type DType = keyof typeof DTYPE_CODES;
export const isFloat = (dtype: DType): boolean => dtype === "float32" || dtype === "float64";

/** Attributes bear ONNX's names. Those an operator lists as `trailing` become constant inputs in the model. */
export type Attributes = { readonly [name: string]: number | string | readonly number[] };

/**
 * An application's operands, in ONNX's order. Typed as at least three so that rules can take them apart by position; an
 * operator reads only as many as it was built with (optional ones are checked by `inputs.length`).
 */
export type Operands = readonly [Tensor, Tensor, Tensor, ...Tensor[]];

/** One application of an operator, as its gradient rules see it. */
export interface Call<A extends Attributes = Attributes> {
  readonly inputs: Operands;
  readonly attributes: A;
  readonly output: Tensor;
  /** dL/d(output), of the output's shape and dtype. */
  readonly gradient: Tensor;
}

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

/** One entry of the operator table: everything there is to know about an operator, side by side. */
export interface Operator<A extends Attributes = Attributes> {
  /** ONNX's name, such as `MatMul`. */
  readonly name: string;
  /** The operator set that the name belongs to; ONNX's own when left out. */
  readonly domain?: string;
  /** True when each output element depends only on the operands' elements at its place, after broadcasting. */
  readonly elementwise?: true;
  /** Attributes that ONNX takes as constant inputs after the operands, in this order. */
  readonly trailing?: readonly (keyof A & string)[];
  /** Attributes that are floats in ONNX; all other numbers are integers. */
  readonly floats?: readonly (keyof A & string)[];
  /** Output shape and dtype; throws an error that teaches when the operands do not fit. */
  infer(inputs: Operands, attributes: A): { shape: Shape; dtype: DType };
  /** The slow, plain meaning of the operator, in float64. */
  evaluate(inputs: Values, attributes: A, output: { shape: Shape; dtype: DType }): Float64Array;
  /** One rule per input; the last one serves all further inputs; an input with null passes no gradient. */
  readonly gradient: readonly (Rule<A> | null)[];
}

export interface Application {
  readonly operator: Operator;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
}

/**
 * What a composition of operators amounts to as a whole. Rules leave it beside the composition's last tensor, so that a
 * lowering can compute that tensor another way; whoever does not know the name computes the composition.
 */
export interface Composite {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
}

export type Origin =
  | { readonly kind: "input" }
  | { readonly kind: "constant"; readonly data: Float64Array }
  | { readonly kind: "call"; readonly call: Application };

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

  /** `x float32 [2, 3]`, as messages name a tensor. */
  toString(): string {
    return `${this.name} ${this.dtype} ${show(this.shape)}`;
  }
}

/** Applications to constants are computed at once when the result has at most this many elements. */
const FOLD_LIMIT = 256;

export class Graph {
  readonly inputs: Tensor[] = [];
  readonly composites = new Map<Tensor, Composite>();
  #count = 0;
  #scopes: string[] = [];
  readonly #names = new Map<string, number>();
  readonly #known = new Map<string, Tensor>();

  /** A value fed at run time. Names are unique among inputs, and appear unchanged in the ONNX model. */
  input(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
    if (this.#names.has(name))
      throw new RangeError(`Cannot add input ${name} as the name is taken: choose another`);
    requireShape(`add input ${name}`, shape);
    this.#names.set(name, 1);
    const tensor = new Tensor(this, this.#count++, name, dtype, [...shape], { kind: "input" });
    this.inputs.push(tensor);
    return tensor;
  }

  /** A value fixed now; it becomes an initializer of the model. `values` are row-major; a number makes a scalar. */
  constant(values: number | ArrayLike<number>, shape?: Shape, dtype: DType = "float32"): Tensor {
    const data = typeof values === "number" ? Float64Array.of(values) : Float64Array.from(values);
    const dims = shape ?? (typeof values === "number" ? [] : [data.length]);
    requireShape("add a constant", dims);
    if (data.length !== sizeOf(dims)) {
      throw new RangeError(
        `Cannot add a constant as shape ${show(dims)} needs ${sizeOf(dims)} values: found ${data.length}`,
      );
    }
    const make = () =>
      new Tensor(this, this.#count++, this.#unique("Constant"), dtype, [...dims], { kind: "constant", data });
    if (data.length > FOLD_LIMIT) return make();
    // -0 and 0 are one key otherwise
    const key = `constant ${dtype} ${dims} ${Array.from(data, (v) => (Object.is(v, -0) ? "-0" : v))}`;
    return this.#once(key, make);
  }

  /** The result of `operator` on `inputs`: the door through which every operator function goes. */
  apply<A extends Attributes>(operator: Operator<A>, inputs: readonly Tensor[], attributes: A): Tensor {
    const stranger = inputs.find((tensor) => tensor.graph !== this);
    if (stranger) {
      throw new TypeError(
        `Cannot apply ${operator.name} to ${stranger} as it belongs to another graph: build both operands in one graph`,
      );
    }
    const output = operator.infer(inputs as unknown as Operands, attributes);
    const key = `${operator.domain ?? ""} ${operator.name} ${inputs.map((t) => t.id)} ${Object.entries(attributes).join(" ")}`;
    return this.#once(key, () => {
      const folded = fold(operator, inputs, attributes, output);
      if (folded) return this.constant(folded, output.shape, output.dtype);
      const name = this.#unique(operator.name);
      const call = { operator: operator as Operator, inputs, attributes };
      return new Tensor(this, this.#count++, name, output.dtype, output.shape, { kind: "call", call });
    });
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

  #once(key: string, make: () => Tensor): Tensor {
    const known = this.#known.get(key);
    if (known) return known;
    const made = make();
    this.#known.set(key, made);
    return made;
  }

  #unique(name: string): string {
    const full = [...this.#scopes, name].join("/");
    const uses = this.#names.get(full) ?? 0;
    this.#names.set(full, uses + 1);
    return uses === 0 ? full : this.#unique(`${name}_${uses}`);
  }
}

function fold<A extends Attributes>(
  operator: Operator<A>,
  inputs: readonly Tensor[],
  attributes: A,
  output: { shape: Shape; dtype: DType },
): Float64Array | null {
  if (sizeOf(output.shape) > FOLD_LIMIT || inputs.length === 0) return null;
  const values: Value[] = [];
  for (const { origin, shape, size } of inputs) {
    if (origin.kind !== "constant" || size > FOLD_LIMIT) return null;
    values.push({ shape, data: origin.data });
  }
  return operator.evaluate(values as unknown as Values, attributes, output);
}

function requireShape(action: string, shape: Shape): void {
  if (!shape.every((d) => Number.isInteger(d) && d >= 0)) {
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

/**
 * A graph as an ONNX model: only what the outputs depend on, constants as initializers, names as they stand in the graph.
 * Attributes that an operator lists as `trailing` become constant inputs, since that is where ONNX keeps them: lists are
 * int64 vectors, single numbers are scalars of the first operand's dtype.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./generated/onnx_pb.js";
import { type Application, ancestors, DTYPE_CODES, type DType, type Tensor } from "./graph.ts";
import type { Shape } from "./shapes.ts";

/** ONNX's operator set and file format: the newest that onnxruntime-node 1.30 holds stable. */
const OPSET = 21;
const IR_VERSION = 10;

export interface ModelSpec {
  /** Inputs in the order the model lists them; may hold inputs that no output needs. Left out: all that are needed. */
  readonly inputs?: readonly Tensor[];
  /** Output tensors by the names the model gives them. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly name?: string;
}

/** The bytes of an ONNX model (opset 21) that computes `outputs`. */
export function serialize({ inputs, outputs, name = "thalweg" }: ModelSpec): Uint8Array {
  const order = ancestors(Object.values(outputs));
  const needed = order.filter((tensor) => tensor.origin.kind === "input");
  const listed = inputs ?? needed;
  const missing = needed.find((tensor) => !listed.includes(tensor));
  if (missing) {
    throw new RangeError(`Cannot serialize as the outputs need input ${missing}: add it to inputs`);
  }
  const names = chooseNames(order, listed, outputs);
  const initializers = new Initializers(new Set(names.values()));
  const nodes: NodeProto[] = [];
  const domains = new Set<string>();
  for (const tensor of order) {
    const { origin } = tensor;
    if (origin.kind === "constant")
      initializers.add(names.get(tensor)!, tensor.dtype, tensor.shape, origin.data);
    if (origin.kind !== "call") continue;
    nodes.push(nodeOf(origin.call, names.get(tensor)!, names, initializers));
    if (origin.call.operator.domain) domains.add(origin.call.operator.domain);
  }
  for (const [output, tensor] of Object.entries(outputs)) {
    const source = names.get(tensor)!;
    if (source === output) continue;
    nodes.push(
      create(NodeProtoSchema, { opType: "Identity", name: output, input: [source], output: [output] }),
    );
  }

  const graph = create(GraphProtoSchema, {
    name,
    node: nodes,
    initializer: initializers.list,
    input: listed.map((tensor) => valueInfo(tensor.name, tensor)),
    output: Object.entries(outputs).map(([output, tensor]) => valueInfo(output, tensor)),
  });
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: "thalweg",
    opsetImport: [
      { domain: "", version: BigInt(OPSET) },
      ...[...domains].map((domain) => ({ domain, version: 1n })),
    ],
    graph,
  });
  return toBinary(ModelProtoSchema, model);
}

/** A computed output goes by its output name; one that is asked for twice, or is an input, is copied by Identity. */
function chooseNames(
  order: readonly Tensor[],
  inputs: readonly Tensor[],
  outputs: Readonly<Record<string, Tensor>>,
): Map<Tensor, string> {
  const names = new Map<Tensor, string>();
  const taken = new Set([...inputs.map((tensor) => tensor.name), ...Object.keys(outputs)]);
  const clash = inputs.find((tensor) => Object.hasOwn(outputs, tensor.name));
  if (clash)
    throw new RangeError(`Cannot serialize as ${clash.name} names both an input and an output: rename one`);
  for (const tensor of inputs) names.set(tensor, tensor.name);
  for (const [output, tensor] of Object.entries(outputs)) {
    if (tensor.origin.kind === "call" && !names.has(tensor)) names.set(tensor, output);
  }
  for (const tensor of order) {
    if (!names.has(tensor)) names.set(tensor, fresh(tensor.name, taken));
  }
  return names;
}

function fresh(name: string, taken: Set<string>): string {
  let free = name;
  for (let k = 1; taken.has(free); k++) free = `${name}_${k}`;
  taken.add(free);
  return free;
}

/** Initializers, each distinct value once. */
class Initializers {
  readonly list: TensorProto[] = [];
  readonly #known = new Map<string, string>();
  readonly #taken: Set<string>;

  constructor(taken: Set<string>) {
    this.#taken = taken;
  }

  add(name: string, dtype: DType, shape: Shape, values: ArrayLike<number>): void {
    this.list.push(
      create(TensorProtoSchema, {
        name,
        dataType: DTYPE_CODES[dtype],
        dims: shape.map(BigInt),
        rawData: rawBytes(dtype, values),
      }),
    );
  }

  /** The name of an initializer that holds an attribute's value. */
  ofAttribute(label: string, value: number | readonly number[], dtype: DType): string {
    const key = `${label} ${dtype} ${value}`;
    const known = this.#known.get(key);
    if (known) return known;
    const name = fresh(label, this.#taken);
    this.#known.set(key, name);
    if (typeof value === "number") this.add(name, dtype, [], [value]);
    else this.add(name, "int64", [value.length], value);
    return name;
  }
}

/** Little-endian bytes, as ONNX's `raw_data` wants them. */
const WRITERS: Record<DType, { bytes: number; write(view: DataView, at: number, value: number): void }> = {
  float32: { bytes: 4, write: (view, at, value) => view.setFloat32(at, value, true) },
  float64: { bytes: 8, write: (view, at, value) => view.setFloat64(at, value, true) },
  int32: { bytes: 4, write: (view, at, value) => view.setInt32(at, value, true) },
  int64: { bytes: 8, write: (view, at, value) => view.setBigInt64(at, BigInt(value), true) },
  bool: { bytes: 1, write: (view, at, value) => view.setUint8(at, value) },
};

function rawBytes(dtype: DType, values: ArrayLike<number>): Uint8Array {
  const { bytes, write } = WRITERS[dtype];
  const view = new DataView(new ArrayBuffer(values.length * bytes));
  for (let i = 0; i < values.length; i++) write(view, i * bytes, values[i]!);
  return new Uint8Array(view.buffer);
}

function nodeOf(
  { operator, inputs, attributes }: Application,
  output: string,
  names: ReadonlyMap<Tensor, string>,
  initializers: Initializers,
): NodeProto {
  const trailing = operator.trailing ?? [];
  const constants = trailing.map((key) => {
    const value = attributes[key]!;
    if (typeof value === "string")
      throw new TypeError(`Cannot serialize ${operator.name}: ${key} is not a number`);
    const label = typeof value === "number" ? key : `${key}_${value.join("_").replaceAll("-", "m")}`;
    return initializers.ofAttribute(label, value, inputs[0]!.dtype);
  });
  return create(NodeProtoSchema, {
    opType: operator.name,
    domain: operator.domain ?? "",
    name: output,
    input: [...inputs.map((input) => names.get(input)!), ...constants],
    output: [output],
    attribute: Object.entries(attributes)
      .filter(([key]) => !trailing.includes(key))
      .map(([key, value]) => attributeOf(key, value, operator.floats?.includes(key) ?? false)),
  });
}

function attributeOf(
  name: string,
  value: number | string | readonly number[],
  isFloat: boolean,
): AttributeProto {
  const types = AttributeProto_AttributeType;
  const init =
    typeof value === "string"
      ? { type: types.STRING, s: new TextEncoder().encode(value) }
      : typeof value !== "number"
        ? { type: types.INTS, ints: value.map(BigInt) }
        : isFloat
          ? { type: types.FLOAT, f: value }
          : { type: types.INT, i: BigInt(value) };
  return create(AttributeProtoSchema, { name, ...init });
}

function valueInfo(name: string, { dtype, shape }: Tensor): ValueInfoProto {
  const dim = shape.map((d) => ({ value: { case: "dimValue" as const, value: BigInt(d) } }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: DTYPE_CODES[dtype], shape: { dim } } } },
  });
}

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
import {
  type Application,
  type Attribute,
  ancestors,
  DTYPE_CODES,
  type DType,
  type Numbers,
  type Tensor,
} from "./graph.ts";
import { rawBytes } from "./onnx/numbers.ts";
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
  /** Inputs that become initializers, with their values: trained parameters. */
  readonly initializers?: ReadonlyMap<Tensor, Numbers>;
  /** All that the outputs depend on, each after its operands: the order of the nodes. Left out: as they were built. */
  readonly order?: readonly Tensor[];
}

/** The bytes of an ONNX model that computes `outputs`: opset 21, or a newer one that an operator needs. */
export function serialize(spec: ModelSpec): Uint8Array {
  const { outputs, name = "thalweg", initializers: stored = new Map<Tensor, Numbers>() } = spec;
  const order = spec.order ?? ancestors(Object.values(outputs));
  const needed = order.filter((tensor) => tensor.origin.kind === "input" && !stored.has(tensor));
  const listed = spec.inputs ?? needed;
  const missing = needed.find((tensor) => !listed.includes(tensor));
  if (missing) {
    throw new RangeError(`Cannot serialize as the outputs need input ${missing}: add it to inputs`);
  }
  const names = chooseNames(order, [...listed, ...stored.keys()], outputs);
  const initializers = new Initializers(new Set(names.values()));
  const nodes: NodeProto[] = [];
  const opsets = new Map([["", OPSET]]);
  const written = new Set<Application>();
  for (const [tensor, values] of stored) {
    if (values.length !== tensor.size) {
      throw new RangeError(
        `Cannot serialize as initializer ${tensor} needs ${tensor.size} values: found ${values.length}`,
      );
    }
    initializers.add(tensor.name, tensor.dtype, tensor.shape, values);
  }
  for (const tensor of order) {
    const { origin } = tensor;
    if (origin.kind === "constant")
      initializers.add(names.get(tensor)!, tensor.dtype, tensor.shape, origin.data);
    if (origin.kind !== "call" || written.has(origin.call)) continue;
    written.add(origin.call);
    nodes.push(nodeOf(origin.call, names, initializers));
    const { domain = "", opset = 1 } = origin.call.operator;
    opsets.set(domain, Math.max(opset, opsets.get(domain) ?? 1));
  }
  for (const [output, tensor] of Object.entries(outputs)) {
    const source = names.get(tensor)!;
    if (source === output) continue;
    nodes.push(
      create(NodeProtoSchema, { opType: "Identity", name: output, input: [source], output: [output] }),
    );
  }
  const nodeNames = new Set<string>(); // what one node of a file became may be several
  for (const node of nodes) node.name = fresh(node.name, nodeNames);

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
    opsetImport: [...opsets].map(([domain, version]) => ({ domain, version: BigInt(version) })),
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
    if (tensor.isAbsent) names.set(tensor, "");
    else if (!names.has(tensor)) names.set(tensor, fresh(tensor.name, taken));
  }
  nameUnreadOutputs(order, names, taken);
  return names;
}

/** Outputs that nothing reads need names too where their operator always gives them all. */
function nameUnreadOutputs(order: readonly Tensor[], names: Map<Tensor, string>, taken: Set<string>): void {
  for (const { origin } of order) {
    if (origin.kind !== "call" || !("inferAll" in origin.call.operator)) continue;
    const { outputs, operator } = origin.call;
    for (const [k, output] of outputs.entries()) {
      const left = names.has(output) || operator.optionalOutputs?.includes(k);
      if (!left) names.set(output, fresh(output.name, taken));
    }
  }
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

function nodeOf(
  call: Application,
  names: ReadonlyMap<Tensor, string>,
  initializers: Initializers,
): NodeProto {
  const { operator, inputs, attributes, outputs } = call;
  const trailing = operator.trailing ?? [];
  const constants = trailing.map((key) => {
    const value = attributes[key]!;
    if (!isNumeric(value)) throw new TypeError(`Cannot serialize ${operator.name}: ${key} is not a number`);
    const label = typeof value === "number" ? key : `${key}_${value.join("_").replaceAll("-", "m")}`;
    return initializers.ofAttribute(label, value, inputs[0]!.dtype);
  });
  const listed = outputs.map((output) => names.get(output) ?? "");
  return create(NodeProtoSchema, {
    opType: operator.name,
    domain: operator.domain ?? "",
    name: outputs[0]!.graph.nodeName(call) ?? listed.find((name) => name !== "")!,
    input: [...inputs.map((input) => names.get(input)!), ...constants],
    output: listed.slice(0, listed.findLastIndex((name) => name !== "") + 1),
    attribute: Object.entries(attributes)
      .filter(([key]) => !trailing.includes(key))
      .map(([key, value]) => attributeOf(key, value, operator.floats?.includes(key) ?? false)),
  });
}

const isNumeric = (value: Attribute): value is number | readonly number[] =>
  typeof value === "number" || (Array.isArray(value) && value.every((item) => typeof item === "number"));

function attributeOf(name: string, value: Attribute, isFloat: boolean): AttributeProto {
  const types = AttributeProto_AttributeType;
  const encode = (text: string) => new TextEncoder().encode(text);
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: types.STRING, s: encode(value) });
  if (isNumeric(value)) {
    const init =
      typeof value === "number"
        ? isFloat
          ? { type: types.FLOAT, f: value }
          : { type: types.INT, i: BigInt(value) }
        : isFloat
          ? { type: types.FLOATS, floats: [...value] }
          : { type: types.INTS, ints: value.map(BigInt) };
    return create(AttributeProtoSchema, { name, ...init });
  }
  if ("$typeName" in value) return value;
  return create(AttributeProtoSchema, {
    name,
    type: types.STRINGS,
    strings: value.map((v) => encode(`${v}`)),
  });
}

function valueInfo(name: string, { dtype, shape }: Tensor): ValueInfoProto {
  const dim = shape.map((d) => ({ value: { case: "dimValue" as const, value: BigInt(d) } }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: DTYPE_CODES[dtype], shape: { dim } } } },
  });
}

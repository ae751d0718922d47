/** ONNX files made by hand, small and often wrong on purpose. */
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type FunctionProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../generated/onnx_pb.js";

type Init<Schema extends DescMessage> = MessageInitShape<Schema>;

/** A number is a fixed size, a word a symbolic one, and null one without a name. */
export function info(name: string, sizes: readonly (number | string | null)[], elemType = 1): ValueInfoProto {
  const dim = sizes.map((size) => {
    if (size === null) return {};
    return typeof size === "number"
      ? { value: { case: "dimValue" as const, value: BigInt(size) } }
      : { value: { case: "dimParam" as const, value: size } };
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType, shape: { dim } } } },
  });
}

/** A value of which the file tells only the name. */
export const untyped = (name: string): ValueInfoProto => create(ValueInfoProtoSchema, { name });

export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: readonly AttributeProto[] = [],
  domain = "",
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    name: `the ${opType}`,
    input: [...input],
    output: [...output],
    attribute: [...attribute],
    domain,
  });
}

/** The type follows from the field that is given. */
export function attribute(
  name: string,
  value: Omit<MessageInitShape<typeof AttributeProtoSchema>, "$typeName">,
) {
  const types = {
    i: "INT",
    f: "FLOAT",
    s: "STRING",
    t: "TENSOR",
    g: "GRAPH",
    ints: "INTS",
    floats: "FLOATS",
    strings: "STRINGS",
  } as const;
  const field = Object.keys(value).find((key): key is keyof typeof types => key in types);
  const type = field ? AttributeProto_AttributeType[types[field]] : AttributeProto_AttributeType.UNDEFINED;
  return create(AttributeProtoSchema, { name, type, ...value } as MessageInitShape<
    typeof AttributeProtoSchema
  >);
}

export const floats = (name: string, dims: readonly number[], floatData: readonly number[]): TensorProto =>
  create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType: 1, floatData: [...floatData] });

export const ints = (name: string, dims: readonly number[], int64Data: readonly number[]): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: 7,
    int64Data: int64Data.map(BigInt),
  });

export function onnxFile(
  graph: Init<typeof GraphProtoSchema>,
  model: {
    functions?: Init<typeof FunctionProtoSchema>[];
    opsetImport?: Init<typeof OperatorSetIdProtoSchema>[];
  } = {},
): Uint8Array {
  const { functions = [], opsetImport = [{ domain: "", version: 17n }] } = model;
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph, functions } as Init<
      typeof ModelProtoSchema
    >),
  );
}

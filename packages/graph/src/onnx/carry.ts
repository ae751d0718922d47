/**
 * Carried operators: those without a reader. They are written back as they stood in the file, so any runtime that knows them
 * computes them; what they give must be known from elsewhere (the file's value_info, or a run of the node alone), and no
 * gradient passes them.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "../generated/onnx_pb.js";
import {
  type Attribute,
  type Attributes,
  DTYPE_CODES,
  type DType,
  type MultiOperator,
  type Tensor,
  type TensorType,
} from "../graph.ts";
import { type Shape, sizeOf } from "../shapes.ts";
import { OnnxError } from "./error.ts";
import { describe, nameOf } from "./node.ts";
import { BYTES, rawBytes } from "./numbers.ts";
import { domainOf } from "./parse.ts";

/** Runs a model without inputs, and gives the types of its outputs by name: what a session of ONNX Runtime gives. */
export type RunNode = (
  model: Uint8Array,
) => Promise<Readonly<Record<string, { readonly type: string; readonly dims: readonly number[] }>>>;

/** Operators whose output sizes depend on values: a graph has only fixed sizes. */
const DATA_DEPENDENT = new Set(["Compress", "NonMaxSuppression", "NonZero", "StringSplit", "Unique"]);

/**
 * Operators that mean something else in the opset that graphs are written in (21), with the opset since which they do not.
 * Carried from an older file they would silently compute something else.
 */
const CHANGED: ReadonlyMap<string, number> = new Map([
  ["DFT", 20], // axis became an operand
  ["GroupNormalization", 21], // scale and bias became one value per channel
  ["ReduceL1", 18], // axes of reductions became an operand
  ["ReduceL2", 18],
  ["ReduceLogSum", 18],
  ["ReduceLogSumExp", 18],
  ["ReduceMax", 18],
  ["ReduceMean", 18],
  ["ReduceMin", 18],
  ["ReduceProd", 18],
  ["ReduceSumSquare", 18],
  ["Split", 18], // equal parts need num_outputs
]);

/** GridSample's modes before opset 20, and since. */
const GRID_MODES: ReadonlyMap<string, string> = new Map([
  ["bilinear", "linear"],
  ["bicubic", "cubic"],
]);

/** The node's attributes, in the words of the opset that graphs are written in. */
export function carriedAttributes(node: NodeProto, opset: number): Attributes {
  const isOldGrid = node.opType === "GridSample" && node.domain === "" && opset < 20;
  const entries = node.attribute.map((attribute): [string, Attribute] => {
    const renamed = isOldGrid && attribute.name === "mode";
    const mode = renamed ? GRID_MODES.get(new TextDecoder().decode(attribute.s)) : undefined;
    return [attribute.name, mode ?? attribute];
  });
  return Object.fromEntries(entries);
}

/** An operator that stands for this one node. `types` are those of its outputs, null for outputs that are left out. */
export function carried(
  node: NodeProto,
  opset: number,
  types: readonly (TensorType | null)[],
): MultiOperator {
  const what = describe(node);
  requireCarriable(node, opset);
  return {
    name: node.opType,
    domain: domainOf(node.domain),
    opset,
    distinct: true,
    optionalOutputs: types.flatMap((type, k) => (type ? [] : [k])),
    inferAll: () => types.map((type) => type ?? { shape: [0], dtype: "float32" }),
    evaluateAll() {
      throw new TypeError(
        `Cannot evaluate ${what} as the reference has no meaning for it: run the model with ONNX Runtime`,
      );
    },
    gradient: [
      () => {
        throw new TypeError(
          `Cannot differentiate through ${what} as there is no derivative of ${node.opType}: ask only for gradients of what comes after it (freeze the parameters before it), or export the model without it`,
        );
      },
    ],
  };
}

function requireCarriable(node: NodeProto, opset: number): void {
  const refuse = (requirement: string, wayOut: string) =>
    new OnnxError(`Cannot carry ${describe(node)} as ${requirement}: ${wayOut}`);
  if (DATA_DEPENDENT.has(node.opType) && node.domain === "") {
    throw refuse(
      "sizes must not depend on values, and those of its outputs do",
      "cut the model before this node, or replace it by a mask",
    );
  }
  const since = CHANGED.get(node.opType);
  if (since && opset < since && node.domain === "") {
    throw refuse(
      `its meaning changed in opset ${since} and the file has opset ${opset}`,
      `export the model with opset ${since} or newer`,
    );
  }
  const types = AttributeProto_AttributeType;
  const unfit = node.attribute.find(({ type }) => type === types.GRAPH || type === types.GRAPHS);
  if (unfit) {
    throw refuse(
      `attribute ${unfit.name} is a graph of its own, which is not carried`,
      "export the model without control flow: trace it rather than script it",
    );
  }
}

/** The same node in a model of its own, fed with `fill` for every operand that is not constant. */
export function probeModel(
  node: NodeProto,
  operands: readonly (Tensor | undefined)[],
  opsets: ReadonlyMap<string, number>,
  fill: 0 | 1,
): Uint8Array {
  const names = operands.map((operand, k) => (operand ? `operand:${k}` : ""));
  const nodes: NodeProto[] = [];
  const initializers = operands.flatMap((operand, k) => {
    if (!operand) return [];
    const { origin, dtype, shape } = operand;
    if (origin.kind === "constant") return [initializer(names[k]!, dtype, shape, origin.data)];
    nodes.push(
      create(NodeProtoSchema, {
        opType: "Expand",
        input: [`one:${k}`, `shape:${k}`],
        output: [names[k]!],
      }),
    );
    return [
      initializer(`one:${k}`, dtype, [], [fill]),
      initializer(`shape:${k}`, "int64", [shape.length], shape),
    ];
  });
  const outputs = node.output.filter((name) => name !== "");
  const graph = create(GraphProtoSchema, {
    name: "probe",
    node: [...nodes, create(NodeProtoSchema, { ...plain(node), input: names })],
    initializer: initializers,
    output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [...opsets].map(([domain, version]) => ({ domain, version: BigInt(version) })),
      graph,
    }),
  );
}

const plain = ({ opType, domain, output, attribute }: NodeProto) => ({ opType, domain, output, attribute });

function initializer(name: string, dtype: DType, dims: Shape, values: ArrayLike<number>) {
  const size = sizeOf(dims) * BYTES[dtype];
  return create(TensorProtoSchema, {
    name,
    dataType: DTYPE_CODES[dtype],
    dims: dims.map(BigInt),
    rawData: rawBytes(dtype, values).subarray(0, size),
  });
}

/** Types of the outputs, by running the node on zeros and on ones: sizes that differ between the two depend on values. */
export async function learnTypes(
  node: NodeProto,
  operands: readonly (Tensor | undefined)[],
  opsets: ReadonlyMap<string, number>,
  run: RunNode,
): Promise<readonly (TensorType | null)[]> {
  const attempt = async (fill: 0 | 1) => {
    const found = await run(probeModel(node, operands, opsets, fill));
    return node.output.map((name) => (name === "" ? null : typeIn(node, found[name])));
  };
  let zeros: readonly (TensorType | null)[];
  try {
    zeros = await attempt(0);
  } catch (error) {
    throw new OnnxError(
      `Cannot learn the sizes of ${describe(node)} as it must run alone on zeros: ${(error as Error).message}`,
      { cause: error },
    );
  }
  // ones may be out of an index's range; then zeros have to do
  const ones = await attempt(1).catch(() => zeros);
  if (JSON.stringify(zeros) === JSON.stringify(ones)) return zeros;
  throw new OnnxError(
    `Cannot carry ${describe(node)} as sizes must not depend on values: ${nameOf(node)} has ${JSON.stringify(zeros[0]?.shape)} for zeros and ${JSON.stringify(ones[0]?.shape)} for ones`,
  );
}

function typeIn(node: NodeProto, value: { type: string; dims: readonly number[] } | undefined): TensorType {
  if (value && Object.hasOwn(DTYPE_CODES, value.type)) {
    return { dtype: value.type as DType, shape: [...value.dims] };
  }
  throw new OnnxError(
    `Cannot carry ${describe(node)} as its outputs must be tensors of numbers: found ${value?.type ?? "none"}`,
  );
}

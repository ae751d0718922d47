/**
 * From bytes to a model whose parts have been checked: operator sets that are known, names that are given once, nodes that can be
 * put in order. What is wrong is said with the node's name. Nothing here computes, and nothing grows beyond a fixed multiple
 * of the file's size.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
} from "../generated/onnx_pb.js";
import type { DType } from "../graph.ts";
import { OnnxError, quote } from "./error.ts";
import { describe } from "./node.ts";
import { dtypeOfCode } from "./tensor.ts";

/**
 * Opsets whose operators mean what the readers take them to mean. Before 13, axes of Squeeze, Unsqueeze, ReduceSum and Split
 * were attributes. Opset 22 widens types, 23 adds operators; 24 is not yet read.
 */
export const OPSETS = { oldest: 13, newest: 23 };

/** The name of ONNX's own domain, as the key of opsets and of readers. */
export const domainOf = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

export function parseModel(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new OnnxError(
      `Cannot read the ONNX model as its ${bytes.length} bytes are no protocol buffer of one (${(error as Error).message}): is the file complete?`,
      { cause: error },
    );
  }
}

/** Versions of the operator sets that a model or a function uses, by domain. ONNX's own must be one that is read. */
export function opsetsOf({ opsetImport }: ModelProto | FunctionProto): ReadonlyMap<string, number> {
  const opsets = new Map(opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version)]));
  const opset = opsets.get("");
  const { oldest, newest } = OPSETS;
  if (opset === undefined || (opset >= oldest && opset <= newest)) return opsets;
  throw new OnnxError(
    `Cannot read the ONNX model as its opset must lie in [${oldest}, ${newest}]: found ${opset}; convert it, with onnx.version_converter or by exporting it anew`,
  );
}

/** The graph and the operator sets, or why there is none. */
export function requireGraph(model: ModelProto): { graph: GraphProto; opsets: ReadonlyMap<string, number> } {
  const opsets = opsetsOf(model);
  if (!model.graph || opsets.size === 0) {
    throw new OnnxError(
      `Cannot read the ONNX model as it must have a graph and operator sets: found ${model.graph ? "no operator set" : "no graph"}; is it an ONNX file?`,
    );
  }
  return { graph: model.graph, opsets };
}

/** A size that the file fixes, or the name of one that it leaves open. */
export type Size = number | string;

export interface ValueType {
  readonly dtype: DType;
  readonly sizes: readonly Size[];
}

/** The type of a value; null where the file does not tell, or tells of something that is no tensor of numbers. */
export function typeOf({ name, type }: ValueInfoProto): ValueType | null {
  if (type?.value.case !== "tensorType" || !type.value.value.shape) return null;
  const dtype = dtypeOfCode(type.value.value.elemType);
  if (!dtype) return null;
  const sizes = type.value.value.shape.dim.map(({ value }, axis) => {
    if (value.case === "dimValue") return Number(value.value);
    return value.case === "dimParam" && value.value ? value.value : `${name}.${axis}`;
  });
  return { dtype, sizes };
}

/**
 * The nodes in an order in which each comes after those it reads from: the file's own where that is one, as ONNX requires.
 * `given` are names from outside: inputs and initializers.
 */
export function inOrder(nodes: readonly NodeProto[], given: (name: string) => boolean): NodeProto[] {
  const makers = new Map<string, NodeProto>();
  for (const node of nodes) {
    for (const output of node.output) {
      if (output === "") continue;
      if (makers.has(output) || given(output)) {
        throw new OnnxError(
          `Cannot import ${describe(node)} as each name must be given once: ${quote(output)} is given again`,
        );
      }
      makers.set(output, node);
    }
  }
  const ordered: NodeProto[] = [];
  const state = new Map<NodeProto, "open" | "done">();
  for (const start of nodes) visit(start);
  return ordered;

  // depth first without recursion: a node is opened, then its makers, then it is closed
  function visit(start: NodeProto): void {
    const pending = [start];
    while (pending.length > 0) {
      const node = pending.at(-1)!;
      const first = !state.has(node);
      state.set(node, state.get(node) ?? "open");
      const before = first ? readNames(node).map((name) => makerOf(node, name)) : [];
      for (const maker of before) {
        if (!maker || state.get(maker) === "done") continue;
        if (state.get(maker) === "open") {
          throw new OnnxError(
            `Cannot import ${describe(node)} as nodes must not read from themselves in a circle: it reads from ${describe(maker)}, which waits for it`,
          );
        }
        pending.push(maker);
      }
      if (first && pending.at(-1) !== node) continue;
      pending.pop();
      if (state.get(node) !== "done") ordered.push(node);
      state.set(node, "done");
    }
  }

  function makerOf(node: NodeProto, name: string): NodeProto | undefined {
    const maker = makers.get(name);
    if (maker || name === "" || given(name)) return maker;
    throw new OnnxError(
      `Cannot import ${describe(node)} as it reads ${quote(name)}, which must be an input, an initializer or a node's output: there is none of that name`,
    );
  }
}

/** The names that a node reads: its operands. Sub-graphs are looked at when they are built. */
const readNames = (node: NodeProto): readonly string[] => node.input;

/**
 * Values of a function's attributes where a call does not give them. They stand in field 11, which is newer than the schema in
 * `generated/`, so they are kept as bytes.
 */
export const attributeDefaults = ({ $unknown = [] }: FunctionProto): AttributeProto[] =>
  $unknown
    .filter(({ no, wireType }) => no === 11 && wireType === WireType.LengthDelimited)
    .map(({ data }) => fromBinary(AttributeProtoSchema, new BinaryReader(data).bytes()));

/** A copy of a message with some fields changed. Fields that are not set have their defaults in the prototype. */
export const altered = <M extends object>(message: M, changes: Partial<M>): M =>
  Object.assign(Object.create(Object.getPrototypeOf(message)), message, changes);

/**
 * ONNX files. `readOnnx` takes a file apart and checks it; `model.build` makes tensors of it, for as many choices of sizes as
 * wanted; `model.withParameters` is the same file with other values.
 *
 * Read next: `parse.ts`, `build.ts`, `node.ts`, then any file under `readers/`.
 */
import { toBinary } from "@bufbuild/protobuf";
import {
  type FunctionProto,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
} from "../generated/onnx_pb.js";
import type { DType, Tensor } from "../graph.ts";
import { type Answer, type BuildOptions, type BuiltModel, build, type Source } from "./build.ts";
import { learnTypes, type RunNode } from "./carry.ts";
import { OnnxError, quote } from "./error.ts";
import { noExternal, type ReadExternal } from "./external.ts";
import { describe, type KnownValue } from "./node.ts";
import { rawBytes } from "./numbers.ts";
import { altered, domainOf, inOrder, parseModel, requireGraph, type Size, typeOf } from "./parse.ts";
import { initializerName, readTensor } from "./tensor.ts";

export interface ReadOptions {
  /** Reads files beside the model, where its tensors lie outside of it. Paths that leave the folder never get here. */
  readonly external?: ReadExternal;
}

/** An input that is fed at run time. Sizes are numbers, or names of sizes that `build` wants to be told. */
export interface ModelInput {
  readonly name: string;
  readonly dtype: DType;
  readonly sizes: readonly Size[];
}

/** Take an ONNX file (opset 13 to 23) apart. Raises OnnxError where it is broken, or holds what is not supported. */
export function readOnnx(bytes: Uint8Array, { external = noExternal }: ReadOptions = {}): OnnxModel {
  const proto = parseModel(bytes);
  const { graph, opsets } = requireGraph(proto);
  const initializers = new Map(
    graph.initializer.map((tensor) => [
      tensor.name,
      readTensor(tensor, initializerName(tensor.name), external),
    ]),
  );
  const refuse = (requirement: string, found: string) =>
    new OnnxError(`Cannot read the ONNX model as ${requirement}: ${found}`);
  if (initializers.size < graph.initializer.length || initializers.has(""))
    throw refuse("each initializer must have a name of its own", "one name is empty or given twice");
  if (graph.sparseInitializer.length > 0)
    throw refuse(
      "sparse initializers are not read",
      `it has ${graph.sparseInitializer.length}; store them dense`,
    );
  if (graph.output.length === 0) throw refuse("its graph must have outputs", "it has none");

  const inputs = new Map(
    graph.input
      .filter(({ name }) => !initializers.has(name))
      .map((info) => {
        const type = typeOf(info);
        if (type) return [info.name, type] as const;
        throw refuse(
          `input ${quote(info.name)} must be a tensor of numbers with a shape`,
          `found ${info.type?.value.case ?? "no type"}`,
        );
      }),
  );
  const nodes = inOrder(graph.node, (name) => initializers.has(name) || inputs.has(name));
  const functions = new Map<string, FunctionProto>(
    proto.functions.map((body) => [`${domainOf(body.domain)}:${body.name}`, body]),
  );
  const declared = new Map(
    [...graph.valueInfo, ...graph.output].flatMap((info) => {
      const type = typeOf(info);
      return type ? [[info.name, type] as const] : [];
    }),
  );
  // each element takes a byte or more, in the file or outside of it
  const size = [...initializers.values()].reduce((sum, tensor) => sum + tensor.size, bytes.length);
  const source = { graph, nodes, opsets, inputs, initializers, functions, declared, size, external };
  return new OnnxModel(proto, source);
}

export class OnnxModel {
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: readonly ModelInput[];
  readonly outputs: readonly string[];
  /** Tensors whose values stand in the file. Values are read when they are first asked for. */
  readonly initializers: ReadonlyMap<string, KnownValue>;
  /** Names of the sizes that `build` must be told. */
  readonly symbols: readonly string[];
  readonly #proto: ModelProto;
  readonly #source: Source;
  readonly #learned = new Map<string, Answer>();

  /** Made by `readOnnx`. */
  constructor(proto: ModelProto, source: Source) {
    this.#proto = proto;
    this.#source = source;
    this.opsets = source.opsets;
    this.inputs = [...source.inputs].map(([name, type]) => ({ name, ...type }));
    this.outputs = source.graph.output.map(({ name }) => name);
    this.initializers = source.initializers;
    const open = this.inputs.flatMap(({ sizes }) => sizes.filter((size) => typeof size === "string"));
    this.symbols = [...new Set(open)];
  }

  /** Make tensors of the model. Raises OnnxError with the node's name where that cannot be done. */
  build(options: BuildOptions = {}): BuiltModel {
    this.#requireSymbols(options);
    const building = build(this.#source, options);
    for (let step = building.next(); ; ) {
      if (step.done) return step.value;
      const { node, operands } = step.value;
      const answer = this.#learned.get(questionKey(node.output, operands));
      if (!answer) {
        throw new OnnxError(
          `Cannot carry ${describe(node)} as the sizes of its outputs must be known, and the file does not tell them: call learnSizes(run) with a way to run the node, or export the model with shape inference`,
        );
      }
      step = building.next(answer);
    }
  }

  /** Learn the output sizes of carried nodes for these sizes of inputs by running each such node alone; `build` then knows them. */
  async learnSizes(run: RunNode, { sizes = {} }: Pick<BuildOptions, "sizes"> = {}): Promise<void> {
    this.#requireSymbols({ sizes });
    const building = build(this.#source, { sizes });
    for (let step = building.next(); !step.done; ) {
      const { node, operands } = step.value;
      const key = questionKey(node.output, operands);
      const answer = this.#learned.get(key) ?? (await learnTypes(node, operands, this.#source.opsets, run));
      this.#learned.set(key, answer);
      step = building.next(answer);
    }
  }

  /**
   * The same file with other values for the named parameters: names, nodes, metadata and opset stay. A tensor that lay outside the
   * file comes into it when it is given values; the others stay where they are.
   */
  withParameters(values: ReadonlyMap<string, ArrayLike<number>>): Uint8Array {
    const pending = new Map(values);
    const take = (name: string, tensor: TensorProto): TensorProto => {
      const given = pending.get(name);
      pending.delete(name);
      return given ? withValues(name, tensor, given) : tensor;
    };
    const initializer = this.#source.graph.initializer.map((tensor) => take(tensor.name, tensor));
    const node = this.#source.graph.node.map((one) => {
      const name = one.output[0] ?? "";
      const constant = one.opType === "Constant" && pending.has(name) ? one.attribute[0] : undefined;
      if (!constant?.t) return one;
      return altered(one, { attribute: [altered(constant, { t: take(name, constant.t) })] });
    });
    for (const name of pending.keys()) {
      throw new RangeError(
        `Cannot store parameter ${quote(name)} as the model must have an initializer or a constant tensor of that name: it has none`,
      );
    }
    const graph = altered(this.#source.graph, { initializer, node });
    return toBinary(ModelProtoSchema, altered(this.#proto, { graph }));
  }

  #requireSymbols({ sizes = {} }: BuildOptions): void {
    const stranger = Object.keys(sizes).find((name) => !this.symbols.includes(name));
    if (stranger === undefined) return;
    throw new OnnxError(
      `Cannot build the model as it must have the symbolic size ${quote(stranger)}: ${this.symbols.length === 0 ? "all its sizes are fixed" : `it has ${this.symbols.join(", ")}`}`,
    );
  }
}

/** Types of carried outputs depend on the operands' types, and on the values of constants such as a shape to expand to. */
function questionKey(outputs: readonly string[], operands: readonly (Tensor | undefined)[]): string {
  const known = operands.map((operand) => {
    if (operand?.origin.kind !== "constant") return operand && [operand.dtype, operand.shape];
    return [operand.dtype, operand.shape, operand.rank <= 1 ? [...operand.origin.data] : operand.name];
  });
  return JSON.stringify([outputs, known]);
}

/** The tensor with other numbers, which stand as raw data from now on. */
function withValues(name: string, tensor: TensorProto, values: ArrayLike<number>): TensorProto {
  const { dtype, size } = readTensor(tensor, quote(name), noExternal);
  if (values.length !== size) {
    throw new RangeError(
      `Cannot store parameter ${quote(name)} as it needs ${size} values: found ${values.length}`,
    );
  }
  const isOutside = tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;
  return altered(tensor, {
    rawData: rawBytes(dtype, values),
    ...(isOutside && { dataLocation: TensorProto_DataLocation.DEFAULT }),
    externalData: [],
    floatData: [],
    doubleData: [],
    int32Data: [],
    int64Data: [],
    uint64Data: [],
  });
}

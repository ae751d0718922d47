/**
 * A node of an ONNX file as readers see it: operands are tensors already, attributes have types, and every error names the node.
 * A reader turns one kind of node into tensors of the graph, mostly by one call of an operator function. Readers stand in one
 * table per family under `readers/`.
 */
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  type GraphProto,
  type NodeProto,
} from "../generated/onnx_pb.js";
import type { DType, Graph, Numbers, Tensor } from "../graph.ts";
import { type Shape, show } from "../shapes.ts";
import { OnnxError, quote } from "./error.ts";
import type { ReadExternal } from "./external.ts";
import { readTensor } from "./tensor.ts";

/** The node's outputs in order, or its first one alone. Null: this form of the operator is carried, as one without a reader is. */
export type Reader = (node: NodeView) => Tensor | readonly Tensor[] | null;
export type Readers = Readonly<Record<string, Reader>>;

/** A tensor whose values are in the file, or follow from the file alone. */
export interface KnownValue {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: Numbers;
}

/** What a node knows of the graph that it is built into. */
export interface Surroundings {
  readonly graph: Graph;
  /** The tensor of that name; raises OnnxError where there is none. */
  tensor(name: string): Tensor;
  /** The values of the tensor of that name, or null where they are only known when the model runs. */
  known(name: string): KnownValue | null;
  /** A value of the file under that name: a parameter where whoever builds the model chose it, else a constant. */
  place(name: string, value: KnownValue): Tensor;
  /** An input that the host fills with numbers uniform in [0, 1) before each run. */
  noise(name: string, shape: Shape): Tensor;
  /** Keep `next` as the value that the initializer of that name has after a step of training. */
  update(name: string, next: Tensor): void;
  /** True or false where whoever builds the model overrules what the nodes say. */
  readonly training: boolean | undefined;
  readonly external: ReadExternal;
}

const LONGEST_LIST = 4096;
const TYPES = AttributeProto_AttributeType;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export class NodeView {
  readonly graph: Graph;
  readonly opType: string;
  readonly domain: string;
  /** The node's name in the file, or else the name of its first output. */
  readonly name: string;
  /** Version of the operator set that the node's domain has in this model. */
  readonly opset: number;
  /** Names of the outputs; empty for those that are left out. */
  readonly outputs: readonly string[];
  readonly proto: NodeProto;
  readonly #around: Surroundings;
  readonly #attributes: ReadonlyMap<string, AttributeProto>;

  constructor(proto: NodeProto, opset: number, around: Surroundings) {
    this.graph = around.graph;
    this.proto = proto;
    this.opType = proto.opType;
    this.domain = proto.domain;
    this.name = nameOf(proto);
    this.opset = opset;
    this.outputs = proto.output;
    this.#around = around;
    this.#attributes = new Map(proto.attribute.map((attribute) => [attribute.name, attribute]));
  }

  /** How many operands the node lists, those left out included. */
  get inputCount(): number {
    return this.proto.input.length;
  }

  /** Whether operand k is given. */
  hasInput(k: number): boolean {
    return (this.proto.input[k] ?? "") !== "";
  }

  /** Operand k, or an error where it is left out. */
  input(k: number): Tensor {
    if (this.hasInput(k)) return this.#around.tensor(this.proto.input[k]!);
    throw this.refuse(`it needs input ${k}`, `it lists ${this.inputCount} of them`);
  }

  /** Operand k, or undefined where it is left out. */
  optional(k: number): Tensor | undefined {
    return this.hasInput(k) ? this.input(k) : undefined;
  }

  /** Operand k as a constant where the file holds its values, even where its like are parameters: a bound, an exponent. */
  fixed(k: number): Tensor | undefined {
    const known = this.hasInput(k) ? this.#around.known(this.proto.input[k]!) : null;
    return known ? this.graph.constant(known.data, known.shape, known.dtype) : this.optional(k);
  }

  /** All operands, undefined where they are left out. */
  get inputs(): readonly (Tensor | undefined)[] {
    return this.proto.input.map((_, k) => this.optional(k));
  }

  /** Whether output k is asked for. */
  hasOutput(k: number): boolean {
    return (this.outputs[k] ?? "") !== "";
  }

  hasAttribute(name: string): boolean {
    return this.#attributes.has(name);
  }

  int(name: string, fallback?: number): number {
    return this.#read(name, TYPES.INT, ({ i }) => Number(i), fallback);
  }

  float(name: string, fallback?: number): number {
    return this.#read(name, TYPES.FLOAT, ({ f }) => f, fallback);
  }

  string(name: string, fallback?: string): string {
    return this.#read(name, TYPES.STRING, ({ s }) => text(s), fallback);
  }

  ints(name: string, fallback?: readonly number[]): readonly number[] {
    return this.#read(
      name,
      TYPES.INTS,
      ({ ints }) => this.#short(`attribute ${name}`, ints.map(Number)),
      fallback,
    );
  }

  floats(name: string, fallback?: readonly number[]): readonly number[] {
    return this.#read(name, TYPES.FLOATS, ({ floats }) => floats, fallback);
  }

  strings(name: string, fallback?: readonly string[]): readonly string[] {
    return this.#read(name, TYPES.STRINGS, ({ strings }) => strings.map(text), fallback);
  }

  /** The attribute as the file has it; undefined where it has none of that name. */
  attribute(name: string): AttributeProto | undefined {
    return this.#attributes.get(name);
  }

  /** A tensor that an attribute holds. */
  tensor(name: string): KnownValue {
    const { t } = this.#read(name, TYPES.TENSOR, (attribute) => attribute);
    if (!t) throw this.refuse(`attribute ${name} must be a tensor`, "it is empty");
    return readTensor(t, `${name} of ${describe(this.proto)}`, this.#around.external);
  }

  /** A graph that an attribute holds. */
  subgraph(name: string): GraphProto {
    const { g } = this.#read(name, TYPES.GRAPH, (attribute) => attribute);
    if (!g) throw this.refuse(`attribute ${name} must be a graph`, "it is empty");
    return g;
  }

  /** The node's first output as a value of the file, under its name. */
  place(value: KnownValue): Tensor {
    return this.#around.place(this.outputs[0] ?? this.name, value);
  }

  #read<T>(name: string, type: number, value: (attribute: AttributeProto) => T, fallback?: T): T {
    const attribute = this.#attributes.get(name);
    if (attribute?.type === type) return value(attribute);
    if (attribute) {
      throw this.refuse(
        `attribute ${name} must be of type ${TYPES[type]}`,
        `found ${TYPES[attribute.type] ?? attribute.type}`,
      );
    }
    if (fallback !== undefined) return fallback;
    throw this.refuse(`attribute ${name} is required`, "the node does not have it");
  }

  /** The values of operand k, which must follow from the file alone: a shape, axes, pads. */
  constant(k: number): KnownValue {
    if (!this.hasInput(k)) throw this.refuse(`it needs input ${k}`, `it lists ${this.inputCount} of them`);
    const known = this.#around.known(this.proto.input[k]!);
    if (known) return known;
    throw this.refuse(
      `input ${k} (${quote(this.proto.input[k]!)}) must be known when the model is imported`,
      "it depends on values that are only known when the model runs; export the model with static shapes, or compute it from constants and shapes",
    );
  }

  /** Whether the values of operand k follow from the file alone. */
  isKnown(k: number): boolean {
    return this.hasInput(k) && this.#around.known(this.proto.input[k]!) !== null;
  }

  /** The whole numbers that operand k holds; `fallback` where it is left out. */
  constantInts(k: number, fallback?: readonly number[]): readonly number[] {
    if (fallback !== undefined && !this.hasInput(k)) return fallback;
    const { data, shape } = this.constant(k);
    const ints = this.#short(`input ${k}`, Array.from(data));
    if (shape.length <= 1 && ints.every((value) => Number.isInteger(value))) return ints;
    throw this.refuse(`input ${k} must be a list of whole numbers`, `found shape ${show(shape)}`);
  }

  /** Lists name axes, sizes and parts: long ones are slips, and some readers compare every entry with every other. */
  #short(what: string, list: readonly number[]): readonly number[] {
    if (list.length <= LONGEST_LIST) return list;
    throw this.refuse(`${what} may list ${LONGEST_LIST} numbers`, `it lists ${list.length}`);
  }

  /** The one number that operand k holds; `fallback` where it is left out. */
  constantNumber(k: number, fallback?: number): number {
    if (fallback !== undefined && !this.hasInput(k)) return fallback;
    const { data, shape } = this.constant(k);
    if (data.length === 1) return data[0]!;
    throw this.refuse(`input ${k} must hold one number`, `found shape ${show(shape)}`);
  }

  /** Whether the node acts as it does in training: as the file says, unless whoever builds the model overrules it. */
  training(fileSays: boolean): boolean {
    return this.#around.training ?? fileSays;
  }

  /** Numbers uniform in [0, 1) that are others in each run: an input of the graph, named after the node. */
  noise(shape: Shape): Tensor {
    return this.#around.noise(this.name, shape);
  }

  /** `next` is what operand k, a running statistic, holds after a step of training. */
  update(k: number, next: Tensor): void {
    if (this.hasInput(k)) this.#around.update(this.proto.input[k]!, next);
  }

  /** The error that names this node: what it requires, and the value found or the way out. */
  refuse(requirement: string, found?: string): OnnxError {
    return new OnnxError(
      `Cannot import ${describe(this.proto)} as ${requirement}${found ? `: ${found}` : ""}`,
    );
  }
}

export const nameOf = ({ name, output }: NodeProto): string => name || output.find((o) => o !== "") || "";

/** `Conv "/layer1/conv1/Conv"`, as messages name a node. */
export function describe(node: NodeProto): string {
  const domain = node.domain && node.domain !== "ai.onnx" ? `${node.domain}.` : "";
  const name = nameOf(node);
  return `${domain}${node.opType || "a node without an operator"}${name ? ` ${quote(name)}` : ""}`;
}

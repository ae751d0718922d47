/** What is in the model's bytes: names, initializers, nothing that no output needs; and ONNX Runtime runs it. */
import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type ModelProto, ModelProtoSchema } from "./generated/onnx_pb.js";
import { Graph, type MultiOperator, type Operator } from "./graph.ts";
import * as ops from "./ops/index.ts";
import { serialize } from "./serialize.ts";
import { runOnnx } from "./testing/onnx-runtime.ts";

const parse = (bytes: Uint8Array): ModelProto => fromBinary(ModelProtoSchema, bytes);

describe("serialize()", () => {
  test("writes opset 21, IR version 10, inputs and outputs with shapes", () => {
    const graph = new Graph();
    const x = graph.input("x", [2, 3]);
    const model = parse(serialize({ outputs: { y: ops.relu(x) } }));
    expect(model.irVersion).toBe(10n);
    expect(model.opsetImport[0]!.version).toBe(21n);
    expect(model.graph!.input.map((i) => i.name)).toEqual(["x"]);
    expect(model.graph!.output.map((o) => o.name)).toEqual(["y"]);
    expect(model.graph!.node.map((n) => [n.opType, n.input, n.output])).toEqual([["Relu", ["x"], ["y"]]]);
  });

  test("leaves out what no output needs, and writes a common subexpression once", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    ops.exp(x);
    const y = ops.add(ops.tanh(x), ops.mul(ops.tanh(x), 2));
    const { graph: written } = parse(serialize({ outputs: { y } }));
    expect(written!.node.map((n) => n.opType)).toEqual(["Tanh", "Mul", "Add"]);
    expect(written!.initializer).toHaveLength(1);
  });

  test("names nodes by their scope", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const hidden = graph.scope("0", () => ops.relu(x));
    const { graph: written } = parse(serialize({ outputs: { y: ops.exp(hidden) } }));
    expect(written!.node[0]!.output).toEqual(["0/Relu"]);
  });

  test("copies an output that is an input, a constant, or asked for twice", async () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const twice = ops.add(x, x);
    const constant = graph.constant([5, 6]);
    expect(await runOnnx([x], [x, twice, twice, constant], { x: [1, 2] })).toEqual([
      [1, 2],
      [2, 4],
      [2, 4],
      [5, 6],
    ]);
  });

  test("writes whole numbers, truth values and doubles as ONNX keeps them", async () => {
    const graph = new Graph();
    const outputs = [
      graph.constant([-1, 2 ** 40], [2], "int64"),
      graph.constant([-7, 7], [2], "int32"),
      graph.constant([1, 0], [2], "bool"),
      graph.constant([0.1], [1], "float64"),
    ];
    expect(await runOnnx([], outputs, {})).toEqual([[-1, 2 ** 40], [-7, 7], [1, 0], [0.1]]);
  });

  test("stores inputs as initializers, and refuses values of another number", async () => {
    const graph = new Graph();
    const w = graph.input("w", [2]);
    const y = ops.mul(graph.input("x", [2]), w);
    const bytes = serialize({ outputs: { y }, initializers: new Map([[w, Float32Array.of(3, 4)]]) });
    const { graph: written } = parse(bytes);
    expect(written!.input.map(({ name }) => name)).toEqual(["x"]);
    expect(written!.initializer.map(({ name, rawData }) => [name, rawData.length])).toEqual([["w", 8]]);
    expect(() => serialize({ outputs: { y }, initializers: new Map([[w, Float32Array.of(3)]]) })).toThrow(
      "Cannot serialize as initializer w float32 [2] needs 2 values: found 1",
    );
  });

  test("writes a call of several outputs once; unread outputs have names unless they are optional", () => {
    const two = (name: string, optionalOutputs: readonly number[]): MultiOperator => ({
      name,
      optionalOutputs,
      inferAll: ([x]) => [x, x, x],
      evaluateAll: ([x]) => [x.data, x.data, x.data],
      gradient: [null],
    });
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const [, a] = graph.applyMany(two("Needed", []), [x], {});
    const [b, , c] = graph.applyMany(two("Optional", [0, 1, 2]), [x], {});
    const [d] = graph.applyMany(two("Optional", [0, 1, 2]), [a!], {});
    const { graph: written } = parse(serialize({ outputs: { a: a!, b: b!, c: c!, d: d! } }));
    expect(written!.node.map((n) => n.output)).toEqual([["Needed", "a", "Needed_2"], ["b", "", "c"], ["d"]]);
  });

  test("writes an operand that is left out as an empty name, and lists of floats and of words", () => {
    const Listed: Operator<{ slopes: readonly number[]; words: readonly string[] }> = {
      name: "Listed",
      floats: ["slopes"],
      infer: ([x]) => x,
      evaluate: ([x]) => x.data,
      gradient: [null],
    };
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const y = graph.apply(Listed, [x, graph.absent, x], { slopes: [0.5, 2], words: ["Tanh", "Relu"] });
    const [node] = parse(serialize({ outputs: { y } })).graph!.node;
    expect(node!.input).toEqual(["x", "", "x"]);
    expect(
      node!.attribute.map(({ floats, strings }) => [floats, strings.map((s) => `${Buffer.from(s)}`)]),
    ).toEqual([
      [[0.5, 2], []],
      [[], ["Tanh", "Relu"]],
    ]);
  });

  test("keeps listed inputs that no output needs, and refuses to leave out one that is needed", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const unused = graph.input("unused", [3]);
    const model = parse(serialize({ inputs: [unused, x], outputs: { y: ops.relu(x) } }));
    expect(model.graph!.input.map((i) => i.name)).toEqual(["unused", "x"]);
    expect(() => serialize({ inputs: [unused], outputs: { y: ops.relu(x) } })).toThrow(
      "Cannot serialize as the outputs need input x float32 [2]: add it to inputs",
    );
  });
});

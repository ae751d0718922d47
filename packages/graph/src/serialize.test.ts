/** What is in the model's bytes: names, initializers, nothing that no output needs; and ONNX Runtime runs it. */
import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type ModelProto, ModelProtoSchema } from "./generated/onnx_pb.js";
import { Graph } from "./graph.ts";
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

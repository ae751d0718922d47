/** Operators without a reader: computed as the file has them, with sizes from the file or from a run, and without a gradient. */
import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { ModelProtoSchema } from "../generated/onnx_pb.js";
import { gradients } from "../gradients.ts";
import { mul, reduceSum } from "../ops/index.ts";
import { serialize } from "../serialize.ts";
import { expectClose } from "../testing/check-operators.ts";
import { attribute, floats, info, ints, node, onnxFile, untyped } from "../testing/onnx-file.ts";
import type { RunNode } from "./carry.ts";
import { readOnnx } from "./model.ts";

const run: RunNode = async (model) => {
  const session = await InferenceSession.create(model, { logSeverityLevel: 4 });
  const results = await session.run({});
  await session.release();
  return results;
};

/** y = Hardmax(x) · w after w · x: one parameter before the carried node, one after it. */
const hardmax = (declared: boolean) =>
  onnxFile({
    input: [info("x", ["batch", 3])],
    output: [info("y", ["batch", 3])],
    valueInfo: declared ? [info("h", ["batch", 3])] : [],
    initializer: [floats("before", [3], [1, 2, 3]), floats("after", [3], [4, 5, 6])],
    node: [
      node("Mul", ["x", "before"], ["a"]),
      node("Hardmax", ["a"], ["h"], [attribute("axis", { i: 1n })]),
      node("Mul", ["h", "after"], ["y"]),
    ],
  });

describe("carried operators", () => {
  test("have the sizes that the file declares, and run", async () => {
    const model = readOnnx(hardmax(true));
    const { outputs, parameters } = model.build({ sizes: { batch: 2 } });
    const y = outputs.get("y")!;
    expect(y.shape).toEqual([2, 3]);
    const stored = new Map([...parameters].map(([name, w]) => [w, model.initializers.get(name)!.data]));
    const bytes = serialize({ outputs: { y }, initializers: stored });
    const session = await InferenceSession.create(bytes);
    const feeds = { x: new OrtTensor("float32", Float32Array.of(3, 1, 0.5, 0, 0, 1), [2, 3]) };
    // products 3 2 1.5 and 0 0 3: the largest are the first and the last
    expect(Array.from((await session.run(feeds)).y!.data as Float32Array)).toEqual([4, 0, 0, 0, 0, 6]);
    await session.release();
  });

  test("refuse gradients through them, by their name, and let those pass that come after", () => {
    const { outputs, parameters } = readOnnx(hardmax(true)).build({ sizes: { batch: 2 } });
    const loss = reduceSum(outputs.get("y")!);
    expect(() => gradients(loss, [parameters.get("before")!])).toThrow(
      'Cannot differentiate through Hardmax "the Hardmax" as there is no derivative of Hardmax: ask only for gradients of what comes after it',
    );
    const [after] = gradients(loss, [parameters.get("after")!]);
    expect(after!.shape).toEqual([3]);
    expect(() => evaluate([loss], {})).toThrow(/x float32 \[2, 3\] was not fed/);
  });

  test("learn their sizes by a run, for each choice of symbolic sizes", async () => {
    const model = readOnnx(hardmax(false));
    const build = (batch: number) => model.build({ sizes: { batch } }).outputs.get("y")!.shape;
    expect(() => build(2)).toThrow(
      'Cannot carry Hardmax "the Hardmax" as the sizes of its outputs must be known',
    );
    await model.learnSizes(run, { sizes: { batch: 2 } });
    expect(build(2)).toEqual([2, 3]);
    expect(() => build(5)).toThrow("call learnSizes(run)");
    await model.learnSizes(run, { sizes: { batch: 5 } });
    expect(build(5)).toEqual([5, 3]);
  });

  test("may have several outputs, some of them left out, and attributes of every kind", async () => {
    const bytes = onnxFile({
      input: [info("x", [4])],
      output: [untyped("scale"), untyped("y")],
      node: [node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero"])],
    });
    const model = readOnnx(bytes);
    await model.learnSizes(run);
    const { outputs } = model.build();
    expect([...outputs.values()].map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ["float32", []],
      ["uint8", [4]],
    ]);
    const again = serialize({ outputs: Object.fromEntries(outputs) });
    expect(fromBinary(ModelProtoSchema, again).graph!.node).toHaveLength(1);
    const session = await InferenceSession.create(again);
    const { scale, y } = await session.run({
      x: new OrtTensor("float32", Float32Array.of(0, 1, 2, 255), [4]),
    });
    expect([Array.from(scale!.data as Float32Array), Array.from(y!.data as Uint8Array)]).toEqual([
      [1],
      [0, 1, 2, 255],
    ]);
    await session.release();
  });

  test("are fed the constants that they have", async () => {
    const bytes = onnxFile(
      {
        input: [info("x", [2, 3])],
        output: [untyped("y")],
        initializer: [ints("shape", [2], [4, 2])],
        node: [node("CenterCropPad", ["x", "shape"], ["y"])],
      },
      { opsetImport: [{ domain: "", version: 18n }] },
    );
    const model = readOnnx(bytes);
    await model.learnSizes(run);
    expect(model.build().outputs.get("y")!.shape).toEqual([4, 2]);
  });

  test("are refused where sizes depend on values, where they cannot run, and where they changed since", async () => {
    const file = (opType: string, version: bigint) =>
      readOnnx(
        onnxFile(
          { input: [info("x", [4])], output: [untyped("y")], node: [node(opType, ["x"], ["y"])] },
          { opsetImport: [{ domain: "", version }] },
        ),
      );
    await expect(file("Unique", 17n).learnSizes(run)).rejects.toThrow("sizes must not depend on values");
    await expect(file("Magic", 17n).learnSizes(run)).rejects.toThrow(
      'Cannot learn the sizes of Magic "the Magic" as it must run alone on zeros',
    );
    expect(() => file("DFT", 17n).build()).toThrow(
      'Cannot carry DFT "the DFT" as its meaning changed in opset 20 and the file has opset 17',
    );
  });

  test("whose words changed are written in the new ones", async () => {
    const grid = Float32Array.of(0, 0, 0.5, -1); // the middle, and three quarters along the upper row
    const bytes = onnxFile({
      input: [info("x", [1, 1, 2, 2]), info("grid", [1, 1, 2, 2])],
      output: [untyped("y")],
      node: [
        node(
          "GridSample",
          ["x", "grid"],
          ["y"],
          [
            attribute("mode", { s: new TextEncoder().encode("bilinear") }),
            attribute("align_corners", { i: 1n }),
          ],
        ),
      ],
    });
    const model = readOnnx(bytes);
    await model.learnSizes(run);
    const y = model.build().outputs.get("y")!;
    const session = await InferenceSession.create(serialize({ outputs: { y } }));
    const found = await session.run({
      x: new OrtTensor("float32", Float32Array.of(1, 2, 3, 4), [1, 1, 2, 2]),
      grid: new OrtTensor("float32", grid, [1, 1, 2, 2]),
    });
    expect(Array.from(found.y!.data as Float32Array)).toEqual([2.5, 1.75]);
    await session.release();
  });

  test("that draw numbers are never merged", () => {
    const draws = ["a", "b"].map((name) => node("RandomNormalLike", ["x"], [name]));
    const { outputs } = readOnnx(
      onnxFile({
        input: [info("x", [4])],
        output: [info("y", [4])],
        valueInfo: [info("a", [4]), info("b", [4])],
        node: [...draws, node("Sub", ["a", "b"], ["y"])],
      }),
    ).build();
    const { origin } = outputs.get("y")!;
    expect(origin.kind === "call" && new Set(origin.call.inputs).size).toBe(2);
  });

  test("stand where they stood when differentiated around", async () => {
    const model = readOnnx(hardmax(true));
    const { outputs, parameters } = model.build({ sizes: { batch: 2 } });
    const y = outputs.get("y")!;
    const [after] = gradients(reduceSum(mul(y, y)), [parameters.get("after")!]);
    const stored = new Map([...parameters].map(([name, w]) => [w, model.initializers.get(name)!.data]));
    const session = await InferenceSession.create(
      serialize({ outputs: { slope: after! }, initializers: stored }),
    );
    const feeds = { x: new OrtTensor("float32", Float32Array.of(3, 1, 0.5, 0, 0, 1), [2, 3]) };
    // d Σ (h·w)² / dw = 2 h²w: rows choose the first and the last
    expectClose((await session.run(feeds)).slope!.data as Float32Array, [8, 0, 12], 0, "slope");
    await session.release();
  });
});

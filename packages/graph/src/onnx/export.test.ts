/** The same file with other weights: all else stays as it was, wherever the weights lay. */

import { readFileSync } from "node:fs";
import { create, fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import {
  type ModelProto,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
} from "../generated/onnx_pb.js";
import { attribute, floats, info, node, onnxFile } from "../testing/onnx-file.ts";
import { readOnnx } from "./model.ts";

const parse = (bytes: Uint8Array): ModelProto => fromBinary(ModelProtoSchema, bytes);
const folder = new URL("../../fixtures/onnx/", import.meta.url);

/** y = x · w, where w lies as `tensor` says. */
const product = (tensor: Parameters<typeof create<typeof TensorProtoSchema>>[1]) =>
  onnxFile({
    input: [info("x", [3])],
    output: [info("y", [3])],
    initializer: [create(TensorProtoSchema, { name: "w", dataType: 1, dims: [3n], ...tensor })],
    node: [node("Mul", ["x", "w"], ["y"])],
  });
const entries = (of: Record<string, string>) => Object.entries(of).map(([key, value]) => entry(key, value));
const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
const littleEndian = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);

async function run(bytes: Uint8Array, x: readonly number[]): Promise<number[]> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const { y } = await session.run({ x: new OrtTensor("float32", Float32Array.from(x), [x.length]) });
  await session.release();
  return Array.from(y!.data as Float32Array);
}

describe("withParameters()", () => {
  const external = (location: string) => {
    expect(location).toBe("weights/w.bin");
    return new Uint8Array([...littleEndian([9]), ...littleEndian([1, 2, 3])]);
  };
  const places = {
    "raw data": product({ rawData: littleEndian([1, 2, 3]) }),
    "float data": product({ floatData: [1, 2, 3] }),
    "external data": product({
      dataLocation: 1,
      externalData: entries({ location: "weights/w.bin", offset: "4", length: "12" }),
    }),
  };

  test.each(Object.entries(places))("replaces %s", async (_, bytes) => {
    const model = readOnnx(bytes, { external });
    expect(Array.from(model.initializers.get("w")!.data)).toEqual([1, 2, 3]);
    const tuned = model.withParameters(new Map([["w", [10, 20, 30]]]));
    expect(Array.from(readOnnx(tuned).initializers.get("w")!.data)).toEqual([10, 20, 30]);
    expect(await run(tuned, [1, 2, 3])).toEqual([10, 40, 90]);
  });

  test("replaces the value of a Constant node that was chosen as a parameter", async () => {
    const bytes = onnxFile({
      input: [info("x", [3])],
      output: [info("y", [3])],
      node: [
        node("Constant", [], ["w"], [attribute("value", { t: floats("", [3], [1, 2, 3]) })]),
        node("Mul", ["x", "w"], ["y"]),
      ],
    });
    const model = readOnnx(bytes);
    expect(model.build().parameters.size).toBe(0);
    expect([...model.build({ parameters: () => true }).parameters.keys()]).toEqual(["w"]);
    expect(await run(model.withParameters(new Map([["w", [5, 5, 5]]])), [1, 2, 3])).toEqual([5, 10, 15]);
  });

  test("leaves every name, node, type, symbolic size and opset of an exported model as it was", () => {
    const bytes = readFileSync(new URL("residual.onnx", folder));
    const model = readOnnx(bytes);
    const same = model.withParameters(
      new Map([...model.initializers].map(([name, { data }]) => [name, data as ArrayLike<number>])),
    );
    expect(parse(same)).toEqual(parse(new Uint8Array(bytes)));
    const other = parse(model.withParameters(new Map([["fc.bias", [1, 2, 3]]])));
    const before = parse(new Uint8Array(bytes));
    const changed = other.graph!.initializer.filter((tensor, k) => {
      return Buffer.compare(tensor.rawData, before.graph!.initializer[k]!.rawData) !== 0;
    });
    expect(changed.map(({ name }) => name)).toEqual(["fc.bias"]);
    expect({ ...other, graph: { ...other.graph, initializer: [] } }).toEqual({
      ...before,
      graph: { ...before.graph, initializer: [] },
    });
  });

  test("refuses names that the model does not have, and values of another number", () => {
    const model = readOnnx(places["raw data"]);
    expect(() => model.withParameters(new Map([["v", [1]]]))).toThrow(
      'Cannot store parameter "v" as the model must have an initializer or a constant tensor of that name',
    );
    expect(() => model.withParameters(new Map([["w", [1, 2]]]))).toThrow(
      'Cannot store parameter "w" as it needs 3 values: found 2',
    );
  });
});

test("external data is refused where nothing was given to read it with, and where the file is too short", () => {
  const bytes = product({ dataLocation: 1, externalData: entries({ location: "w.bin" }) });
  expect(() => readOnnx(bytes).initializers.get("w")!.data).toThrow("pass { external: (location) => bytes }");
  const short = readOnnx(bytes, { external: () => new Uint8Array(8) });
  expect(() => short.initializers.get("w")!.data).toThrow(
    'it needs bytes 0 to 12 of "w.bin": that file has 8',
  );
});

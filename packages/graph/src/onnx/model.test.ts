/** Files that PyTorch exported: outputs, gradients and running statistics equal PyTorch's, and the files can be written again. */

import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { ModelProtoSchema } from "../generated/onnx_pb.js";
import { gradients } from "../gradients.ts";
import { mul, reduceSum } from "../ops/index.ts";
import { serialize } from "../serialize.ts";
import { expectClose } from "../testing/check-operators.ts";
import { readOnnx } from "./model.ts";

interface Recorded {
  readonly x: number[];
  readonly xShape: number[];
  readonly y: number[];
  readonly yShape: number[];
  readonly gradients: Readonly<Record<string, number[]>>;
  readonly buffers: Readonly<Record<string, number[]>>;
}
const folder = new URL("../../fixtures/onnx/", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder));
const recorded: Readonly<Record<string, Recorded>> = {
  ...JSON.parse(`${read("onnx.json")}`),
  ...JSON.parse(`${read("dynamo.json")}`),
};
const bytesOf = (name: string) => read(`${name}.onnx`);

/** The model built for the recorded batch, with what its float64 interpreter is fed. */
function take(name: string) {
  const model = readOnnx(bytesOf(name), { external: read });
  const { x, xShape } = recorded[name]!;
  const sizes = Object.fromEntries(model.symbols.map((symbol) => [symbol, xShape[0]!]));
  const built = model.build({ sizes });
  const stored = [...built.parameters, ...built.buffers].map(([key]) => [
    key,
    model.initializers.get(key)!.data,
  ]);
  return { model, built, feeds: { ...Object.fromEntries(stored), x } as Record<string, ArrayLike<number>> };
}

describe.each(Object.keys(recorded))("%s", (name) => {
  const one = recorded[name]!;

  test("gives PyTorch's outputs", () => {
    const { built, feeds } = take(name);
    const y = built.outputs.get("y")!;
    expect(y.shape).toEqual(one.yShape);
    // weights are short fractions; folded ones were rounded to float32 when the file was written
    expectClose(evaluate([y], feeds)[0]!, one.y, 1e-6, "y");
  });

  test("gives PyTorch's gradients of the parameters that keep their names", () => {
    const { built, feeds } = take(name);
    const y = built.outputs.get("y")!;
    const kept = [...built.parameters].filter(([key]) => Object.hasOwn(one.gradients, key));
    expect(kept.length).toBeGreaterThan(1);
    const found = gradients(
      reduceSum(mul(y, y)),
      kept.map(([, tensor]) => tensor),
    );
    for (const [k, values] of evaluate(found, feeds).entries()) {
      expectClose(values, one.gradients[kept[k]![0]]!, 2e-6, kept[k]![0]);
    }
  });

  test("is written again, and runs", async () => {
    const { model, built } = take(name);
    const stored = [...built.parameters, ...built.buffers].map(
      ([key, tensor]) => [tensor, model.initializers.get(key)!.data] as const,
    );
    const bytes = serialize({ outputs: { y: built.outputs.get("y")! }, initializers: new Map(stored) });
    const same = model.withParameters(
      new Map([...built.parameters.keys()].map((key) => [key, model.initializers.get(key)!.data])),
    );
    for (const file of [bytes, same]) expectClose(await run(file, one), one.y, 2e-5, "y");
  });
});

async function run(bytes: Uint8Array, { x, xShape }: Recorded): Promise<ArrayLike<number>> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const isFloat = session.inputMetadata[0]!.isTensor && session.inputMetadata[0]!.type === "float32";
  const data = isFloat ? Float32Array.from(x) : BigInt64Array.from(x.map(BigInt));
  const { y } = await session.run({
    x: new OrtTensor(isFloat ? "float32" : "int64", data as Float32Array, xShape),
  });
  await session.release();
  return y!.data as Float32Array;
}

test("names: parameters, nodes and values are called as in the file", () => {
  const { model, built } = take("mlp");
  const stored = [...built.parameters].map(([key, w]) => [w, model.initializers.get(key)!.data] as const);
  const { graph } = fromBinary(
    ModelProtoSchema,
    serialize({ outputs: { y: built.outputs.get("y")! }, initializers: new Map(stored) }),
  );
  expect(graph!.initializer.map((w) => w.name)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
  expect(graph!.node.map((n) => [n.name, ...n.output])).toEqual([
    ["/0/Gemm", "/0/Gemm_output_0"],
    ["/1/Tanh", "/1/Tanh_output_0"],
    ["/2/Gemm", "y"],
  ]);
});

test("parameters, buffers and constants: by what they are for", () => {
  const { built } = take("residual-training");
  expect([...built.buffers.keys()]).toEqual(["bn1.running_mean", "bn1.running_var"]);
  expect([...built.parameters.keys()]).toEqual([
    "conv1.weight",
    "bn1.weight",
    "bn1.bias",
    "conv2.weight",
    "conv2.bias",
    "fc.weight",
    "fc.bias",
  ]);
});

test("updates: running statistics after a step of training, PyTorch's but for the divisor of the variance", () => {
  const { built, feeds } = take("residual-training");
  const { buffers } = recorded["residual-training"]!;
  expect([...built.updates.keys()]).toEqual(Object.keys(buffers));
  const [mean, variance] = evaluate([...built.updates.values()], feeds);
  expectClose(mean!, buffers["bn1.running_mean"]!, 1e-6, "mean");
  // PyTorch adds a tenth of the variance with n − 1 below, ONNX of that with n; n is 4·4·4 values per channel
  const before = feeds["bn1.running_var"]!;
  const wanted = buffers["bn1.running_var"]!.map(
    (v, c) => 0.9 * before[c]! + ((v - 0.9 * before[c]!) * 63) / 64,
  );
  expectClose(variance!, wanted, 1e-6, "variance");
});

/** What acts differently in training, and what the file holds but nobody trains: values by hand. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../evaluate.ts";
import { attribute, floats, info, node, onnxFile } from "../../testing/onnx-file.ts";
import { readOnnx } from "../model.ts";

/** Batch normalisation of x [2, 1] with scale 2, bias 1, running mean 10 and running variance 4; ε = 0. */
const normalizing = (training: number, opset = 15) =>
  readOnnx(
    onnxFile(
      {
        name: "normalizing",
        node: [
          node(
            "BatchNormalization",
            ["x", "scale", "bias", "mean", "variance"],
            training ? ["y", "next_mean", "next_variance"] : ["y"],
            [
              attribute("epsilon", { f: 0 }),
              ...(opset >= 14 ? [attribute("training_mode", { i: BigInt(training) })] : []),
            ],
          ),
        ],
        input: [info("x", [2, 1])],
        initializer: [
          floats("scale", [1], [2]),
          floats("bias", [1], [1]),
          floats("mean", [1], [10]),
          floats("variance", [1], [4]),
        ],
        output: [info("y", [2, 1])],
      },
      { opsetImport: [{ domain: "", version: BigInt(opset) }] },
    ),
  );
const feeds = { x: [1, 5], scale: [2], bias: [1], mean: [10], variance: [4] };
const numbers = (values: ArrayLike<number>) => Array.from(values, (v) => Number(v.toFixed(12)));

describe("batch normalisation", () => {
  test("uses the running statistics in inference, and updates nothing", () => {
    const { outputs, updates } = normalizing(0).build();
    // (1 − 10)/2 · 2 + 1 and (5 − 10)/2 · 2 + 1
    expect(numbers(evaluate([outputs.get("y")!], feeds)[0]!)).toEqual([-8, -4]);
    expect(updates.size).toBe(0);
  });

  for (const [name, built] of [
    ["uses the batch's statistics in training, and gives new running ones", () => normalizing(1).build()],
    ["is in training mode before opset 14 when it lists more outputs", () => normalizing(1, 13).build()],
    [
      "is in training mode when whoever builds the model says so",
      () => normalizing(0).build({ training: true }),
    ],
  ] as const) {
    test(name, () => {
      const { outputs, updates, buffers, parameters } = built();
      const next = [updates.get("mean")!, updates.get("variance")!];
      const found = evaluate([outputs.get("y")!, ...next], feeds).map(numbers);
      // mean 3, variance 4: ∓1 · 2 + 1; 0.9 · 10 + 0.1 · 3; 0.9 · 4 + 0.1 · 4
      expect(found).toEqual([[-1, 3], [9.3], [4]]);
      expect([...buffers.keys()]).toEqual(["mean", "variance"]);
      expect([...parameters.keys()]).toEqual(["scale", "bias"]);
    });
  }
});

describe("dropout", () => {
  const dropping = () =>
    readOnnx(
      onnxFile({
        name: "dropping",
        node: [node("Dropout", ["x", "ratio", "training"], ["y"])],
        input: [info("x", [4])],
        initializer: [
          floats("ratio", [], [0.75]),
          { name: "training", dims: [], dataType: 9, int32Data: [1] },
        ],
        output: [info("y", [4])],
      }),
    );
  test("draws its noise from an input of its own in training", () => {
    const { outputs, noises } = dropping().build();
    const [noise] = [...noises.values()];
    const fed = { x: [1, 2, 3, 4], [noise!.name]: [0.1, 0.8, 0.75, 0.74] };
    expect(numbers(evaluate([outputs.get("y")!], fed)[0]!)).toEqual([0, 8, 12, 0]);
  });
  test("drops nothing in inference, and asks for no noise", () => {
    const { outputs, noises, parameters } = dropping().build({ training: false });
    expect(numbers(evaluate([outputs.get("y")!], { x: [1, 2, 3, 4] })[0]!)).toEqual([1, 2, 3, 4]);
    expect([noises.size, parameters.size]).toEqual([0, 0]);
  });
});

describe("what the file holds but nobody trains", () => {
  test("bounds and exponents in initializers are constants", () => {
    const built = readOnnx(
      onnxFile({
        name: "fixed",
        node: [node("Pow", ["x", "two"], ["square"]), node("Clip", ["square", "", "high"], ["y"])],
        input: [info("x", [3])],
        initializer: [floats("two", [], [2]), floats("high", [], [6])],
        output: [info("y", [3])],
      }),
    ).build();
    expect(built.parameters.size).toBe(0);
    expect(numbers(evaluate([built.outputs.get("y")!], { x: [1, -2, 3] })[0]!)).toEqual([1, 4, 6]);
  });
});

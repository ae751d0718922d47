import { Graph, type OnnxModel } from "@thalweg/graph";
import { describe, expect, test } from "vitest";
import { fitArray, solveSizes } from "./arrays.ts";

const inputs = (...sizes: (string | number)[][]) =>
  ({
    inputs: sizes.map((one, k) => ({ name: `x${k}`, dtype: "float32", sizes: one })),
  }) as unknown as OnnxModel;
const arrays = (...shapes: number[][]) =>
  new Map(
    shapes.map((shape, k) => [`x${k}`, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }]),
  );

describe("solveSizes", () => {
  test("takes symbolic sizes from shapes, the same ones wherever they stand", () => {
    expect(solveSizes(inputs(["batch", "time", 3], ["batch", 2]), arrays([4, 5, 3], [4, 2]))).toEqual({
      sizes: { batch: 4, time: 5 },
    });
  });

  test("takes another batch than the file says, where all inputs do", () => {
    expect(solveSizes(inputs([1, 3], [1]), arrays([5, 3], [5]))).toEqual({ sizes: {}, batch: 5 });
    expect(solveSizes(inputs([1, 3], [1]), arrays([1, 3], [1]))).toEqual({ sizes: {} });
    expect(() => solveSizes(inputs([1, 3], [1]), arrays([5, 3], [4]))).toThrow(/x0 .*found \[5, 3\]/);
    expect(() => solveSizes(inputs([1, 3]), arrays([5, 2]))).toThrow(/x0 .*found \[5, 2\]/);
  });

  test.each([
    [inputs(["batch", 3]), arrays([4, 2]), {}, /x0 as it needs the shape \[batch, 3\]: found \[4, 2\]/],
    [inputs(["batch", 3]), arrays([4]), {}, /found \[4\]/],
    [
      inputs(["n", 3], ["n"]),
      arrays([4, 3], [5]),
      {},
      /x1 as it needs the shape \[n\] with n = 4: found \[5\]/,
    ],
    [inputs(["n"]), arrays([4]), { n: 8 }, /with n = 8: found \[4\]/],
  ])("refuses shapes that do not fit, case %#", (model, given, chosen, says) => {
    expect(() => solveSizes(model, given, chosen)).toThrow(says);
  });
});

describe("fitArray", () => {
  const graph = new Graph();
  const whole = graph.input("whole", [2], "int64");
  const float = graph.input("float", [2], "float32");

  test("keeps what has the type, and converts what fits it", () => {
    const data = Float32Array.of(1, 2);
    expect(fitArray({ shape: [2], data }, float)).toBe(data);
    expect(fitArray({ shape: [2], data: Float64Array.of(0.1, 2) }, float)).toEqual(Float32Array.of(0.1, 2));
    expect(fitArray({ shape: [2], data: Int32Array.of(-1, 7) }, whole)).toEqual(BigInt64Array.of(-1n, 7n));
  });

  test("refuses another shape, and numbers that are not whole", () => {
    expect(() => fitArray({ shape: [1, 2], data: new Float32Array(2) }, float)).toThrow(
      /float float32 \[2\].*found \[1, 2\]/,
    );
    expect(() => fitArray({ shape: [2], data: Float32Array.of(0, 0.5) }, whole)).toThrow(/element 1 is 0\.5/);
    const small = graph.input("small", [1], "int32");
    expect(() => fitArray({ shape: [1], data: BigInt64Array.of(2n ** 33n) }, small)).toThrow(
      /element 0 is 8589934592/,
    );
  });
});

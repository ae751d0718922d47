/** The largest and smallest along an axis, by hand and against ONNX Runtime. */
import { expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import { argMin, topK } from "./index.ts";

checkOperators("selection", [
  {
    name: "topK of the last axis",
    inputs: [{ shape: [2, 4], values: [3, 1, 4, 1.5, -9, 2, -6, 5] }],
    build: (x) => {
      const { values, indices } = topK(x, 2);
      return [values, indices];
    },
    expect: [
      [4, 3, 5, 2],
      [2, 0, 3, 1],
    ],
    shape: [2, 2],
  },
  {
    name: "topK of the smallest along the first axis",
    inputs: [{ shape: [3, 2], values: [3, 1, 4, 1.5, -9, 2] }],
    build: (x) => {
      const { values, indices } = topK(x, 2, { axis: 0, largest: false });
      return [values, indices];
    },
    expect: [
      [-9, 1, 3, 1.5],
      [2, 0, 0, 1],
    ],
  },
  {
    name: "argMin takes the first among ties",
    inputs: [{ shape: [2, 3], values: [3, 1, 1, -2, 0, -2] }],
    build: (x) => argMin(x, 1),
    expect: [1, 0],
    differentiable: false,
  },
]);

test("topK() refuses more values than the axis has", () => {
  const x = new Graph().input("x", [2, 3]);
  expect(() => topK(x, 4)).toThrow(
    "Cannot apply TopK to x float32 [2, 3] as k must be a whole number in [0, 3]",
  );
});

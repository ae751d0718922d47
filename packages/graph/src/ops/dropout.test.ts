/** Dropout: values by hand, ONNX Runtime, gradients. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [4], values: [1, 2, 3, 4] };
const noise = (x: Parameters<typeof ops.dropout>[0]) =>
  x.graph.constant([0.1, 0.8, 0.75, 0.74], [4], x.dtype);

checkOperators("dropout", [
  {
    name: "dropout of three quarters",
    inputs: [x],
    build: (x) => {
      const { output, kept } = ops.dropout(x, noise(x), 0.75);
      return [output, kept];
    },
    expect: [
      [0, 8, 12, 0],
      [0, 1, 1, 0],
    ],
  },
  {
    name: "dropout of nothing",
    inputs: [x],
    build: (x) => ops.dropout(x, noise(x), 0).output,
    expect: [1, 2, 3, 4],
  },
  {
    name: "dropout of everything",
    inputs: [x],
    build: (x) => ops.dropout(x, noise(x), 1).output,
    expect: [0, 0, 0, 0],
  },
]);

describe("errors of dropout", () => {
  test("dropout() needs a ratio in [0, 1] and noise of x's shape", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    expect(() => ops.dropout(x, graph.input("noise", [2]), Number.NaN)).toThrow(
      "as the ratio must be in [0, 1]: current value is NaN",
    );
    expect(() => ops.dropout(x, graph.input("other", [3]), 0.5)).toThrow(/the noise must have the shape/);
  });
});

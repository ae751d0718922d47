/** Pooling: values by hand, ONNX Runtime, gradients, and the one winner among ties. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [2, 2, 4, 6] };
const odd = { shape: [2, 2, 5, 7] };
const small = { shape: [1, 1, 2, 4], values: [1, 2, 5, 6, 3, 4, 8, 7] };

checkOperators("pooling", [
  { name: "maxPool", inputs: [small], build: (x) => ops.maxPool(x, 2), expect: [4, 8] },
  { name: "maxPool in tiles", inputs: [x], build: (x) => ops.maxPool(x, [2, 3]), shape: [2, 2, 2, 2] },
  {
    name: "maxPool with a rest",
    inputs: [odd],
    build: (x) => ops.maxPool(x, 2),
    shape: [2, 2, 2, 3],
    float32Only: true,
  },
  {
    name: "maxPool of windows that overlap",
    inputs: [odd],
    build: (x) => ops.maxPool(x, 3, { stride: 2, padding: 1 }),
    float32Only: true,
  },
  {
    name: "maxPool with dilation",
    inputs: [odd],
    build: (x) => ops.maxPool(x, 2, { stride: 1, dilation: 2 }),
    float32Only: true,
  },
  {
    name: "averagePool",
    inputs: [small],
    build: (x) => ops.averagePool(x, 2),
    expect: [2.5, 6.5],
    float32Only: true,
  },
  { name: "averagePool in tiles", inputs: [x], build: (x) => ops.averagePool(x, [2, 3]), float32Only: true },
  {
    // padding counts: (0 + 0 + 0 + 1)/4 at the corner
    name: "averagePool with padding",
    inputs: [{ shape: [1, 1, 2, 2], values: [1, 2, 3, 4] }],
    build: (x) => ops.averagePool(x, 2, { stride: 1, padding: 1 }),
    expect: [1, 3, 2, 4, 10, 6, 3, 7, 4].map((v) => v / 4),
    float32Only: true,
  },
  {
    name: "averagePool of windows that overlap",
    inputs: [odd],
    build: (x) => ops.averagePool(x, 3, { stride: 2 }),
    float32Only: true,
  },
  {
    name: "globalAveragePool",
    inputs: [small],
    build: (x) => ops.globalAveragePool(x),
    expect: [4.5],
    float32Only: true,
  },
]);

describe("ties in maxPool", () => {
  const gradientOf = (
    build: (x: ReturnType<Graph["input"]>) => ReturnType<Graph["input"]>,
    values: number[],
    shape: number[],
  ) => {
    const graph = new Graph();
    const x = graph.input("x", shape);
    return Array.from(evaluate(gradients(ops.reduceSum(build(x)), [x]), { x: values })[0]!);
  };

  test("the first of equal values in row-major order gets the whole gradient", () => {
    expect(gradientOf((x) => ops.maxPool(x, 2), [0, 7, 7, 7], [1, 1, 2, 2])).toEqual([0, 1, 0, 0]);
    expect(gradientOf((x) => ops.maxPool(x, 2), [0, 0, 0, 0], [1, 1, 2, 2])).toEqual([1, 0, 0, 0]);
  });

  test("also where windows overlap: each window has one winner", () => {
    expect(gradientOf((x) => ops.maxPool(x, [1, 2], { stride: 1 }), [5, 5, 5], [1, 1, 1, 3])).toEqual([
      1, 1, 0,
    ]);
  });
});

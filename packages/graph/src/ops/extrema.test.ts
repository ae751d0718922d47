/** The larger, the smaller, and the middle: values by hand, ONNX Runtime, gradients, ties. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const a = { shape: [2, 3] };
const row = { shape: [3] };

checkOperators("extrema", [
  { name: "max", inputs: [a, row], build: (x, y) => ops.max(x, y) },
  { name: "min", inputs: [a, row], build: (x, y) => ops.min(x, y) },
  {
    name: "maxOf three",
    inputs: [
      [1, 5, 2],
      [4, 3, 1],
      [2, 4, 9],
    ].map((values) => ({ shape: [3], values })),
    build: (...inputs) => ops.maxOf(inputs),
    expect: [4, 5, 9],
  },
  {
    name: "minOf three",
    inputs: [
      [1, 5, 2],
      [4, 3, 1],
      [2, 4, 9],
    ].map((values) => ({ shape: [3], values })),
    build: (...inputs) => ops.minOf(inputs),
    expect: [1, 3, 1],
  },
  {
    name: "clip",
    inputs: [{ shape: [4], values: [-3, -0.5, 0.5, 7] }],
    build: (x) => ops.clip(x, -1, 6),
    expect: [-1, -0.5, 0.5, 6],
  },
  {
    name: "clip with bounds that are tensors",
    inputs: [{ shape: [5] }, { shape: [], values: [-0.75] }, { shape: [], values: [0.5] }],
    build: (x, low, high) => ops.clip(x, low, high),
  },
  { name: "clip from above alone", inputs: [a], build: (x) => ops.clip(x, undefined, 0.25) },
  {
    name: "clip with bounds that crossed gives the upper one",
    inputs: [
      { shape: [3], values: [-5, 0.5, 5] },
      { shape: [], values: [2] },
      { shape: [], values: [-1] },
    ],
    build: (x, low, high) => ops.clip(x, low, high),
    expect: [-1, -1, -1],
  },
  {
    name: "clip of whole numbers from below",
    inputs: [{ shape: [3], values: [-5, 0, 5], dtype: "int64" }],
    build: (x) => ops.clip(x, 1),
    expect: [1, 1, 5],
    differentiable: false,
  },
]);

describe("ties", () => {
  // torch 1.13: torch.maximum(a, a) and clamp at its bounds
  test("max() shares the gradient equally", () => {
    const graph = new Graph();
    const [a, b] = [graph.input("a", [2]), graph.input("b", [2])];
    const slopes = gradients(ops.reduceSum(ops.max(a, b)), [a, b]);
    const [da, db] = evaluate(slopes, { a: [1, 3], b: [1, 2] });
    expect([Array.from(da!), Array.from(db!)]).toEqual([
      [0.5, 1],
      [0.5, 0],
    ]);
  });
  test("clip() lets the gradient through at its bounds", () => {
    const x = new Graph().input("x", [4]);
    const [slope] = gradients(ops.reduceSum(ops.clip(x, 0, 6)), [x]);
    expect(Array.from(evaluate([slope!], { x: [-1, 0, 6, 7] })[0]!)).toEqual([0, 1, 1, 0]);
  });
  test("clip() refuses bounds that are not scalars", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    expect(() => ops.clip(x, graph.input("low", [2]))).toThrow(
      /both bounds must be scalars .* use max and min/,
    );
  });
});

/** Arithmetic: values by hand, ONNX Runtime, gradients. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const a = { shape: [2, 3] };
const row = { shape: [3] };
const column = { shape: [2, 1] };
const positive = { shape: [2, 3], low: 0.5, high: 2 };

checkOperators("arithmetic", [
  {
    name: "add",
    inputs: [
      { shape: [2, 2], values: [1, 2, 3, 4] },
      { shape: [2], values: [10, 20] },
    ],
    build: (x, y) => ops.add(x, y),
    expect: [11, 22, 13, 24],
    shape: [2, 2],
    smooth: false,
  },
  { name: "add a row and a column", inputs: [row, column], build: (x, y) => ops.add(x, y), shape: [2, 3] },
  { name: "sub", inputs: [column, a], build: (x, y) => ops.sub(x, y) },
  { name: "mul", inputs: [a, row], build: (x, y) => ops.mul(x, y) },
  { name: "mul by itself", inputs: [a], build: (x) => ops.mul(x, x) },
  {
    name: "mul by an expanded tensor",
    inputs: [a, column],
    build: (x, y) => ops.mul(x, ops.expand(y, [2, 3])),
  },
  { name: "div", inputs: [a, { ...row, low: 0.5 }], build: (x, y) => ops.div(x, y) },
  {
    name: "div of whole numbers",
    inputs: [
      { shape: [4], values: [7, -7, 8, -1], dtype: "int32" },
      { shape: [4], values: [2, 2, 3, 2], dtype: "int32" },
    ],
    build: (x, y) => ops.div(x, y),
    expect: [3, -3, 2, 0],
    differentiable: false,
  },
  {
    name: "pow of whole numbers",
    inputs: [
      { shape: [3], values: [2, -3, 5], dtype: "int64" },
      { shape: [3], values: [5, 3, 0], dtype: "int64" },
    ],
    build: (x, y) => ops.pow(x, y),
    expect: [32, -27, 1],
    differentiable: false,
  },
  {
    name: "pow of tensors",
    inputs: [positive, { shape: [3], low: 1, high: 3 }],
    build: (x, y) => ops.pow(x, y),
  },
  { name: "pow 3 of negative numbers", inputs: [a], build: (x) => ops.pow(x, 3) },
  { name: "pow 2", inputs: [a], build: (x) => ops.pow(x, 2) },
  {
    // 0² = 0 with slope 0, 0⁰ = 1 with slope 0, 3⁰ = 1 with slope 0
    name: "pow at zero",
    inputs: [{ shape: [3], values: [0, 0, 3] }],
    build: (x) => ops.pow(x, x.graph.constant([2, 0, 0], [3], x.dtype)),
    expect: [0, 1, 1],
    smooth: false,
  },
  { name: "neg", inputs: [a], build: (x) => ops.neg(x) },
  { name: "sqrt", inputs: [positive], build: (x) => ops.sqrt(x) },
  { name: "exp", inputs: [a], build: (x) => ops.exp(x) },
  { name: "log", inputs: [positive], build: (x) => ops.log(x) },
  {
    name: "abs",
    inputs: [{ shape: [4], values: [-3, -1, 2, 5] }],
    build: (x) => ops.abs(x),
    expect: [3, 1, 2, 5],
  },
  {
    name: "sign",
    inputs: [{ shape: [3], values: [-3, 0, 2] }],
    build: (x) => ops.sign(x),
    expect: [-1, 0, 1],
    differentiable: false,
  },
  { name: "reciprocal", inputs: [positive], build: (x) => ops.reciprocal(x) },
  {
    name: "sumOf three that broadcast",
    inputs: [
      { shape: [2, 1], values: [1, 2] },
      { shape: [2], values: [10, 20] },
      { shape: [], values: [100] },
    ],
    build: (...inputs) => ops.sumOf(inputs),
    expect: [111, 121, 112, 122],
  },
  {
    name: "meanOf the same tensor twice and another",
    inputs: [
      { shape: [2], values: [3, 6] },
      { shape: [2], values: [0, 3] },
    ],
    build: (x, y) => ops.meanOf([x, y, x]),
    expect: [2, 5],
  },
  { name: "identity", inputs: [a], build: (x) => ops.identity(x) },
]);

describe("arithmetic on constants and numbers", () => {
  test("add() of 0 and mul() by 1 give the operand itself", () => {
    const x = new Graph().input("x", [2]);
    expect(ops.add(x, 0)).toBe(x);
    expect(ops.mul(1, x)).toBe(x);
    expect(ops.div(x, 1)).toBe(x);
  });

  test("operators on small constants are computed on the spot", () => {
    const sum = ops.add(new Graph().constant([1, 2]), 3);
    expect(sum.origin).toEqual({ kind: "constant", data: Float64Array.of(4, 5) });
  });

  test("add() names the operator and both shapes when they do not broadcast", () => {
    const graph = new Graph();
    expect(() => ops.add(graph.input("a", [2, 3]), graph.input("b", [2, 4]))).toThrow(
      "Cannot apply Add to a float32 [2, 3] and b float32 [2, 4] as sizes, aligned at the right, must be equal or 1: reshape or transpose one of them",
    );
  });

  test("add() refuses operands of two dtypes", () => {
    const graph = new Graph();
    expect(() => ops.add(graph.input("a", [2]), graph.input("b", [2], "float64"))).toThrow(
      /one dtype: cast one of them/,
    );
  });
});

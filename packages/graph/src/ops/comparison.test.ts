/** Comparison, choice and conversion: values by hand, ONNX Runtime, gradients. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const a = { shape: [4], values: [1, 2, 3, 4] };
const b = { shape: [4], values: [4, 2, 2, 8] };
const truth = { differentiable: false } as const;

checkOperators("comparison", [
  { name: "equal", inputs: [a, b], build: (x, y) => ops.equal(x, y), expect: [0, 1, 0, 0], ...truth },
  { name: "greater", inputs: [a, b], build: (x, y) => ops.greater(x, y), expect: [0, 0, 1, 0], ...truth },
  {
    name: "greaterOrEqual",
    inputs: [a],
    build: (x) => ops.greaterOrEqual(x, 2),
    expect: [0, 1, 1, 1],
    ...truth,
  },
  { name: "less", inputs: [a, b], build: (x, y) => ops.less(x, y), expect: [1, 0, 0, 1], ...truth },
  {
    name: "lessOrEqual",
    inputs: [a, b],
    build: (x, y) => ops.lessOrEqual(x, y),
    expect: [1, 1, 0, 1],
    ...truth,
  },
  {
    name: "or, xor",
    inputs: [a, b],
    build: (x, y) => [
      ops.or(ops.equal(x, y), ops.less(x, y)),
      ops.xor(ops.lessOrEqual(x, y), ops.greater(x, 1)),
    ],
    expect: [
      [1, 1, 0, 1],
      [1, 0, 1, 0],
    ],
    ...truth,
  },
  {
    name: "isNaN",
    inputs: [{ shape: [3], values: [1, Number.NaN, Number.POSITIVE_INFINITY] }],
    build: (x) => ops.isNotANumber(x),
    expect: [0, 1, 0],
    ...truth,
  },
  {
    name: "and, not",
    inputs: [a, b],
    build: (x, y) => ops.and(ops.not(ops.equal(x, y)), ops.less(x, y)),
    expect: [1, 0, 0, 1],
    ...truth,
  },
  {
    name: "equal of int32 labels and a row of classes",
    inputs: [
      { shape: [2, 1], values: [2, 0], dtype: "int32" },
      { shape: [1, 3], values: [0, 1, 2], dtype: "int32" },
    ],
    build: (x, y) => ops.cast(ops.equal(x, y), "float32"),
    expect: [0, 0, 1, 1, 0, 0],
    ...truth,
  },
  {
    name: "count of rows whose argMax stands at the label",
    inputs: [
      { shape: [3, 2], values: [1, 2, 5, 4, 0, 1] },
      { shape: [3], values: [1, 1, 1], dtype: "int32" },
    ],
    build: (x, labels) =>
      ops.reduceSum(ops.cast(ops.equal(ops.argMax(x), ops.cast(labels, "int64")), "float32")),
    expect: [2],
    ...truth,
  },
  {
    name: "cast to whole numbers",
    inputs: [{ shape: [2], values: [1.7, -1.7] }],
    build: (x) => ops.cast(x, "int32"),
    expect: [1, -1],
    ...truth,
  },
  { name: "cast", inputs: [a], build: (x) => ops.cast(ops.mul(x, x), "float32"), expect: [1, 4, 9, 16] },
  {
    name: "where",
    inputs: [{ shape: [4], values: [1, 0, 0, 1], dtype: "bool" }, a, { shape: [2, 4] }],
    build: (c, x, y) => ops.where(c, x, y),
    shape: [2, 4],
  },
]);

describe("errors of comparison", () => {
  test("where() needs a bool condition", () => {
    const x = new Graph().input("x", [2]);
    expect(() => ops.where(x, x, x)).toThrow(/the condition must be bool: compare or cast it/);
  });
});

/** Whole parts and remainders: values by hand (halves and signs), ONNX Runtime, the gradient of the remainder. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const halves = { shape: [7], values: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.6] };
const flat = { differentiable: false } as const;

checkOperators("rounding", [
  { name: "floor", inputs: [halves], build: (x) => ops.floor(x), expect: [-3, -2, -1, 0, 1, 2, 2], ...flat },
  { name: "ceil", inputs: [halves], build: (x) => ops.ceil(x), expect: [-2, -1, 0, 1, 2, 3, 3], ...flat },
  { name: "round", inputs: [halves], build: (x) => ops.round(x), expect: [-2, -2, 0, 0, 2, 2, 3], ...flat },
  {
    name: "mod of floats has the sign of the first",
    inputs: [
      { shape: [4], values: [5.5, -5.5, 5.5, -7.25] },
      { shape: [4], values: [2, 2, -2, 3] },
    ],
    build: (a, b) => ops.mod(a, b),
    expect: [1.5, -1.5, 1.5, -1.25],
  },
  {
    name: "mod of whole numbers has the sign of the second",
    inputs: [
      { shape: [4], values: [5, -5, 5, -5], dtype: "int64" },
      { shape: [4], values: [3, 3, -3, -3], dtype: "int64" },
    ],
    build: (a, b) => ops.mod(a, b),
    expect: [2, 1, -1, -2],
    ...flat,
  },
  {
    name: "mod by a row",
    inputs: [
      { shape: [2, 3], low: 3.2, high: 3.8 },
      { shape: [3], low: 1.1, high: 1.2 },
    ],
    build: (a, b) => ops.mod(a, b),
    smooth: true,
  },
]);

describe("mod()", () => {
  test("refuses floats with the sign of the second", () => {
    const x = new Graph().input("x", [2]);
    expect(() => ops.mod(x, 2, 0)).toThrow(/floats need fmod 1/);
  });
});

/** Rectifiers: values by hand, ONNX Runtime, gradients, and which side the derivative takes at a corner. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { Graph, type Tensor } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [4], values: [-2, -0.5, 0.5, 3] };
const many = { shape: [3, 4] };
const [E2, E05] = [Math.expm1(-2), Math.expm1(-0.5)];

checkOperators("rectifiers", [
  {
    name: "leakyRelu",
    inputs: [x],
    build: (x) => ops.leakyRelu(x, 0.1),
    expect: [-0.2, -0.05, 0.5, 3],
  },
  {
    name: "leakyRelu with a slope above 1",
    inputs: [x],
    build: (x) => ops.leakyRelu(x, 2),
    expect: [-4, -1, 0.5, 3],
  },
  {
    name: "prelu with a slope per channel",
    inputs: [
      { shape: [1, 2, 2], values: [-2, 1, -3, -4] },
      { shape: [2, 1], values: [0.5, 0.25] },
    ],
    build: (x, slope) => ops.prelu(x, slope),
    expect: [-1, 1, -0.75, -1],
  },
  { name: "elu", inputs: [x], build: (x) => ops.elu(x), expect: [E2, E05, 0.5, 3] },
  { name: "elu with α = 2", inputs: [many], build: (x) => ops.elu(x, 2) },
  {
    name: "selu",
    inputs: [x],
    build: (x) => ops.selu(x, 2, 3),
    expect: [6 * E2, 6 * E05, 1.5, 9],
  },
  {
    name: "celu with α = 2",
    inputs: [x],
    build: (x) => ops.celu(x, 2),
    expect: [2 * Math.expm1(-1), 2 * Math.expm1(-0.25), 0.5, 3],
  },
  {
    name: "thresholdedRelu",
    inputs: [x],
    build: (x) => ops.thresholdedRelu(x, 0.75),
    expect: [0, 0, 0, 3],
  },
  {
    name: "hardSigmoid",
    inputs: [{ shape: [4], values: [-4, -1, 2, 4] }],
    build: (x) => ops.hardSigmoid(x, 0.25, 0.5),
    expect: [0, 0.25, 1, 1],
    differentiable: false,
  },
  {
    name: "hardSigmoid of many",
    inputs: [{ ...many, low: -4, high: 4 }],
    build: (x) => ops.hardSigmoid(x),
  },
  {
    // x (x + 3)/6 between −3 and 3
    name: "hardSwish",
    inputs: [{ shape: [4], values: [-4, -1, 2, 4] }],
    build: (x) => ops.hardSwish(x),
    expect: [0, -1 / 3, 5 / 3, 4],
  },
]);

describe("derivatives at corners", () => {
  const corners: readonly [name: string, build: (x: Tensor) => Tensor, at: number, wanted: number][] = [
    ["leakyRelu", (x) => ops.leakyRelu(x, 0.1), 0, 0.1],
    ["prelu", (x) => ops.prelu(x, x.graph.constant(0.3, [], x.dtype)), 0, 0.3],
    ["elu with α = 2", (x) => ops.elu(x, 2), 0, 2],
    ["thresholdedRelu", (x) => ops.thresholdedRelu(x, 1), 1, 0],
    ["hardSigmoid, left", (x) => ops.hardSigmoid(x, 1 / 6, 0.5), -3, 0],
    ["hardSigmoid, right", (x) => ops.hardSigmoid(x, 1 / 6, 0.5), 3, 0],
    ["hardSwish, left", ops.hardSwish, -3, 0],
    ["hardSwish, right", ops.hardSwish, 3, 1],
  ];
  for (const [name, build, at, wanted] of corners) {
    test(`${name} at ${at}`, () => {
      for (const dtype of ["float32", "float64"] as const) {
        const x = new Graph().input("x", [1], dtype);
        const [slope] = gradients(ops.reduceSum(build(x)), [x]);
        expect(evaluate([slope!], { x: [at] })[0]![0], dtype).toBeCloseTo(wanted, 15);
      }
    });
  }
});

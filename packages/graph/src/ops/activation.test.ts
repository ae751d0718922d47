/** Activations: values by hand, ONNX Runtime, gradients. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { ancestors, Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import { runOnnx } from "../testing/onnx-runtime.ts";
import * as ops from "./index.ts";

const x = { shape: [3, 4] };

checkOperators("activation", [
  {
    name: "relu",
    inputs: [{ shape: [4], values: [-1, 0.5, 2, -3] }],
    build: (x) => ops.relu(x),
    expect: [0, 0.5, 2, 0],
  },
  // σ(0) = 1/2, σ(ln 3) = 3/4
  {
    name: "sigmoid",
    inputs: [{ shape: [2], values: [0, Math.log(3)] }],
    build: (x) => ops.sigmoid(x),
    expect: [0.5, 0.75],
  },
  { name: "sigmoid of many", inputs: [x], build: (x) => ops.sigmoid(x) },
  // tanh(ln 2) = (2 − ½)/(2 + ½) = 3/5
  {
    name: "tanh",
    inputs: [{ shape: [2], values: [0, Math.log(2)] }],
    build: (x) => ops.tanh(x),
    expect: [0, 0.6],
  },
  {
    // erf(1/2), erf(1), erf(3): Abramowitz & Stegun, table 7.1 and NIST DLMF
    name: "erf",
    inputs: [{ shape: [4], values: [0.5, 1, 3, -1] }],
    build: (x) => ops.erf(x),
    expect: [0.5204998778130465, 0.8427007929497149, 0.9999779095030014, -0.8427007929497149],
    float32Only: true,
  },
  // gelu(1) = Φ(1) = 0.841344746068543
  {
    name: "gelu",
    inputs: [{ shape: [2], values: [0, 1] }],
    build: (x) => ops.gelu(x),
    expect: [0, 0.841344746068543],
    float32Only: true,
  },
  {
    name: "gelu by tanh",
    inputs: [{ shape: [2], values: [0, 1] }],
    build: (x) => ops.gelu(x, "tanh"),
    // ½ (1 + tanh u) = 1/(1 + exp(−2u)) with u = √(2/π) · 1.044715; in double ONNX Runtime has these constants in float32
    expect: [0, 1 / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * 1.044715))],
    float32Only: true,
  },
  { name: "gelu by tanh of many", inputs: [x], build: (x) => ops.gelu(x, "tanh"), float32Only: true },
  {
    // ln(1 + 1), ln(1 + 3), and no overflow
    name: "softplus",
    inputs: [{ shape: [3], values: [0, Math.log(3), 1000] }],
    build: (x) => ops.softplus(x),
    expect: [Math.log(2), Math.log(4), 1000],
  },
  {
    name: "softsign",
    inputs: [{ shape: [3], values: [-3, 0.25, 1] }],
    build: (x) => ops.softsign(x),
    expect: [-0.75, 0.2, 0.5],
  },
  {
    // ln(1 + exp 0) = ln 2, tanh ln 2 = 3/5; at ln 3: tanh ln 4 = 15/17
    name: "mish",
    inputs: [{ shape: [4], values: [0, Math.log(3), 30, -200] }],
    build: (x) => ops.mish(x),
    expect: [0, (Math.log(3) * 15) / 17, 30, 0],
  },
  { name: "mish of many", inputs: [x], build: (x) => ops.mish(x) },
]);

describe("relu()", () => {
  test("passes a gradient on unchanged above 0 and nothing from 0 down, over all of float32's normal range", async () => {
    const graph = new Graph();
    const x = graph.input("x", [8]);
    const weights = [3, 5, 7, 11, 13, 17, 19, 23];
    const loss = ops.reduceSum(ops.mul(ops.relu(x), graph.constant(weights)));
    const slopes = gradients(loss, [x]);
    // 2⁻¹²⁶ is the smallest normal number, (2 − 2⁻²³)·2¹²⁷ the largest
    const feeds = { x: [-1, -0, 0, 2 ** -126, -(2 ** -126), 1, (2 - 2 ** -23) * 2 ** 127, Infinity] };
    const wanted = [0, 0, 0, 11, 0, 17, 19, 23];
    expect(Array.from(evaluate(slopes, feeds)[0]!)).toEqual(wanted);
    expect((await runOnnx([x], slopes, feeds))[0]).toEqual(wanted);
  });
});

describe("softplus()", () => {
  test("keeps its relative accuracy where exp x is lost beside 1, in float32 on ONNX Runtime", async () => {
    const graph = new Graph();
    const x = graph.input("x", [6]);
    const feeds = { x: [-80, -20, -1, 0, 1, 20] };
    const [found] = await runOnnx([x], [ops.softplus(x)], feeds);
    for (const [k, value] of feeds.x.entries())
      expect(found![k]! / Math.log1p(Math.exp(value))).toBeCloseTo(1, 6);
  });
  test("has the sigmoid for its derivative, rather than those of its parts", () => {
    const x = new Graph().input("x", [2]);
    const [slope] = gradients(ops.reduceSum(ops.softplus(x)), [x]);
    const operators = ancestors([slope!]).map(({ name }) => name);
    expect(operators.some((name) => name.includes("Sigmoid"))).toBe(true);
    expect(operators.some((name) => name.includes("Log"))).toBe(false);
  });
});

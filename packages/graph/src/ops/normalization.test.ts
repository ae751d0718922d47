/** Batch normalisation in both forms: values by hand, ONNX Runtime, gradients. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const channel = { shape: [3] };
const positive = { shape: [3], low: 0.5, high: 2 };

checkOperators("batch normalisation", [
  {
    // per channel: mean 2, variance 1, so ±1; mean 20, variance 100, so ±10; ε = 0
    name: "normalizeBatch",
    inputs: [
      { shape: [2, 2], values: [1, 10, 3, 30] },
      { shape: [2], values: [1, 5] },
      { shape: [2], values: [0, 100] },
    ],
    build: (x, scale, bias) => ops.normalizeBatch(x, { scale, bias }, 0).output,
    expect: [-1, 95, 1, 105],
  },
  {
    name: "normalizeBatch of images",
    inputs: [{ shape: [2, 3, 2, 2] }, channel, channel],
    build: (x, scale, bias) => ops.normalizeBatch(x, { scale, bias }).output,
  },
  {
    name: "normalizeBatch: mean and variance",
    inputs: [{ shape: [4, 1], values: [1, 2, 3, 6] }, { shape: [1] }, { shape: [1] }],
    build: (x, scale, bias) => {
      const { mean, variance } = ops.normalizeBatch(x, { scale, bias });
      return ops.concat([mean, variance], 0);
    },
    expect: [3, 3.5],
  },
  {
    // (5 − 1)/√4 · 3 + 7
    name: "batchNormalization",
    inputs: [{ shape: [1, 1], values: [5] }, ...[3, 7, 1, 4].map((v) => ({ shape: [1], values: [v] }))],
    build: (...[x, scale, bias, mean, variance]) =>
      ops.batchNormalization(x, { scale, bias, mean: mean!, variance: variance! }, 0),
    expect: [13],
  },
  {
    name: "batchNormalization of images",
    inputs: [{ shape: [2, 3, 2, 2] }, channel, channel, channel, positive],
    build: (...[x, scale, bias, mean, variance]) =>
      ops.batchNormalization(x, { scale, bias, mean: mean!, variance: variance! }),
  },
  {
    // rows (1, 3) and (2, 8): means 2 and 5, deviations 1 and 3
    name: "layerNormalization with its statistics",
    inputs: [
      { shape: [2, 2], values: [1, 3, 2, 8] },
      { shape: [2], values: [10, 20] },
      { shape: [2], values: [1, 2] },
    ],
    build: (x, scale, bias) => {
      const { output, mean, inverse } = ops.layerNormalization(x, { scale, bias }, { epsilon: 0 });
      return [output, mean, inverse];
    },
    expect: [
      [-9, 22, -9, 22],
      [2, 5],
      [1, 1 / 3],
    ],
  },
  {
    name: "layerNormalization over two axes, without a bias",
    inputs: [{ shape: [2, 3, 4] }, { shape: [3, 4] }],
    build: (x, scale) => ops.layerNormalization(x, { scale }, { axis: 1 }).output,
  },
  {
    name: "layerNormalization of which only a statistic is used",
    inputs: [{ shape: [3, 4] }, { shape: [4] }],
    build: (x, scale) => ops.layerNormalization(x, { scale }).inverse,
  },
  {
    // mean square of (3, 4): 12.5
    name: "rmsNormalization",
    inputs: [
      { shape: [1, 2], values: [3, 4] },
      { shape: [2], values: [1, 2] },
    ],
    build: (x, scale) => ops.rmsNormalization(x, scale, { epsilon: 0 }),
    expect: [3 / Math.sqrt(12.5), 8 / Math.sqrt(12.5)],
  },
  {
    name: "rmsNormalization of many",
    inputs: [{ shape: [2, 3, 4] }, { shape: [4] }],
    build: (x, scale) => ops.rmsNormalization(x, scale),
  },
  {
    name: "lpNormalization, also of zeros",
    inputs: [{ shape: [2, 2], values: [3, -4, 0, 0] }],
    build: (x) => ops.lpNormalization(x),
    expect: [0.6, -0.8, 0, 0],
    differentiable: false,
  },
  {
    name: "lpNormalization of many",
    inputs: [{ shape: [2, 3, 2] }],
    build: (x) => ops.lpNormalization(x, { axis: 1 }),
  },
  {
    name: "lpNormalization by absolute values",
    inputs: [{ shape: [2, 2], values: [3, -1, 2, 6] }],
    build: (x) => ops.lpNormalization(x, { p: 1 }),
    expect: [0.75, -0.25, 0.25, 0.75],
  },
  {
    // mean 2, deviation 1
    name: "meanVarianceNormalization",
    inputs: [{ shape: [2, 1], values: [1, 3] }],
    build: (x) => ops.meanVarianceNormalization(x, [0]),
    expect: [-1 / (1 + 1e-9), 1 / (1 + 1e-9)],
  },
  {
    // channels (1, 3) and (2, 8) by themselves, as above
    name: "instanceNormalization",
    inputs: [
      { shape: [1, 2, 2], values: [1, 3, 2, 8] },
      { shape: [2], values: [10, 20] },
      { shape: [2], values: [1, 2] },
    ],
    build: (x, scale, bias) => ops.instanceNormalization(x, { scale, bias }, 0),
    expect: [-9, 11, -18, 22],
  },
  {
    name: "instanceNormalization of images",
    inputs: [{ shape: [2, 3, 2, 2] }, channel, channel],
    build: (x, scale, bias) => ops.instanceNormalization(x, { scale, bias }),
  },
  {
    // one group (1, 3, 5, 7): mean 4, variance 5
    name: "groupNormalization",
    inputs: [
      { shape: [1, 2, 2], values: [1, 3, 5, 7] },
      { shape: [2], values: [1, 10] },
      { shape: [2], values: [0, 1] },
    ],
    build: (x, scale, bias) => ops.groupNormalization(x, { scale, bias }, 1, 0),
    expect: [-3, -1, 10, 30].map((v, k) => v / Math.sqrt(5) + (k < 2 ? 0 : 1)),
  },
  {
    name: "groupNormalization of images in two groups",
    inputs: [{ shape: [2, 4, 2, 2] }, { shape: [4] }, { shape: [4] }],
    build: (x, scale, bias) => ops.groupNormalization(x, { scale, bias }, 2),
  },
]);

describe("errors of normalisation", () => {
  test("groupNormalization() needs equal groups", () => {
    const graph = new Graph();
    const [scale, bias] = [graph.input("scale", [3]), graph.input("bias", [3])];
    const x = graph.input("x", [1, 3, 4]);
    expect(() => ops.groupNormalization(x, { scale, bias }, 2)).toThrow(/channels in 2 equal groups/);
  });
  test("lpNormalization() knows p = 1 and p = 2", () => {
    expect(() => ops.lpNormalization(new Graph().input("x", [2]), { p: 3 })).toThrow(
      "as p must be 1 or 2: current value is 3",
    );
  });
});

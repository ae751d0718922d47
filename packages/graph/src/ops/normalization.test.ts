/** Batch normalisation in both forms: values by hand, ONNX Runtime, gradients. */
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
]);

/** Losses over classes: values by hand and by torch's definition, ONNX Runtime, gradients. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const logs = [-1, -2, -3, -4, -5, -6];
const logp = { shape: [2, 3], values: logs };
const labels = { shape: [2], values: [1, 0], dtype: "int64" } as const;
const weight = { shape: [3], values: [0.5, 2, 1] };

checkOperators("losses over classes", [
  {
    name: "negativeLogLikelihood",
    inputs: [logp, labels],
    build: (x, y) => ops.negativeLogLikelihood(x, y),
    expect: [3],
  },
  {
    name: "negativeLogLikelihood, none",
    inputs: [logp, labels],
    build: (x, y) => ops.negativeLogLikelihood(x, y, { reduction: "none" }),
    expect: [2, 4],
  },
  {
    // (2·2 + ½·4) / (2 + ½)
    name: "negativeLogLikelihood, weighted mean",
    inputs: [logp, labels, weight],
    build: (x, y, weight) => ops.negativeLogLikelihood(x, y, { weight }),
    expect: [2.4],
  },
  {
    name: "negativeLogLikelihood, weighted sum without the label 0",
    inputs: [logp, labels, weight],
    build: (x, y, weight) => ops.negativeLogLikelihood(x, y, { weight, ignore: 0, reduction: "sum" }),
    expect: [4],
  },
  {
    // the second label is left out of the mean
    name: "negativeLogLikelihood, mean without the label −1",
    inputs: [logp, { ...labels, values: [1, -1], dtype: "int32" }],
    build: (x, y) => ops.negativeLogLikelihood(x, y, { ignore: -1 }),
    expect: [2],
  },
  {
    // classes on axis 1 of [1, 3, 2]: place 0 has −1 −3 −5, place 1 has −2 −4 −6
    name: "negativeLogLikelihood of places",
    inputs: [
      { shape: [1, 3, 2], values: logs },
      { shape: [1, 2], values: [2, 1], dtype: "int64" },
    ],
    build: (x, y) => ops.negativeLogLikelihood(x, y, { reduction: "none" }),
    expect: [5, 4],
    shape: [1, 2],
  },
  {
    // softmax of [0, ln 2, ln 5] is [1, 2, 5]/8; labels 3 and −1 are outside
    name: "crossEntropyOfRows",
    inputs: [
      { shape: [3, 3], values: [0, Math.log(2), Math.log(5), 0, Math.log(2), Math.log(5), 1, 2, 3] },
      { shape: [3], values: [1, 3, -1], dtype: "int32" },
    ],
    build: (z, labels) => ops.crossEntropyOfRows(z, labels),
    expect: [Math.log(4), 0, 0],
  },
  {
    // softmax of [0, ln 2, ln 5] is [1, 2, 5]/8
    name: "softmaxCrossEntropy",
    inputs: [
      { shape: [1, 3], values: [0, Math.log(2), Math.log(5)] },
      { shape: [1], values: [1], dtype: "int64" },
    ],
    build: (x, y) => {
      const { loss, logp } = ops.softmaxCrossEntropy(x, y);
      return [loss, logp];
    },
    expect: [[Math.log(4)], [1 / 8, 2 / 8, 5 / 8].map(Math.log)],
  },
  {
    name: "softmaxCrossEntropy of places, weighted, without a label",
    inputs: [{ shape: [2, 3, 2] }, { shape: [2, 2], values: [2, 1, 0, 2], dtype: "int64" }, weight],
    build: (x, y, weight) => ops.softmaxCrossEntropy(x, y, { weight, ignore: 2 }).loss,
  },
]);

describe("errors of losses", () => {
  test("negativeLogLikelihood() needs whole labels without the axis of classes", () => {
    const graph = new Graph();
    expect(() =>
      ops.negativeLogLikelihood(graph.input("p", [2, 3]), graph.input("y", [2, 3], "int64")),
    ).toThrow("it needs scores [B, C, ...] and int32 or int64 labels [2]");
  });
});

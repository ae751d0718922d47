/** Softmax and its logarithm: values by hand, ONNX Runtime, gradients, no overflow. */
import { expect, test } from "vitest";
import { gradients } from "../gradients.ts";
import { ancestors, Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

// exp of [0, ln 2, ln 5] is [1, 2, 5], which sums to 8
const x = { shape: [1, 3], values: [0, Math.log(2), Math.log(5)] };

checkOperators("softmax", [
  { name: "softmax", inputs: [x], build: (x) => ops.softmax(x), expect: [1 / 8, 2 / 8, 5 / 8] },
  {
    name: "logSoftmax",
    inputs: [x],
    build: (x) => ops.logSoftmax(x),
    expect: [1 / 8, 2 / 8, 5 / 8].map(Math.log),
  },
  { name: "softmax along the middle axis", inputs: [{ shape: [2, 3, 2] }], build: (x) => ops.softmax(x, 1) },
  {
    name: "logSoftmax along the first axis",
    inputs: [{ shape: [3, 2] }],
    build: (x) => ops.logSoftmax(x, 0),
  },
  {
    name: "attention, whose values are fewer than the keys",
    inputs: [{ shape: [2, 5, 2] }, { shape: [2, 5, 2] }, { shape: [2, 5, 3] }],
    build: (q, k, v) => ops.matmul(ops.softmax(ops.matmul(q, ops.swapLastAxes(k))), v),
  },
  {
    name: "logSoftmax of huge numbers",
    inputs: [{ shape: [1, 2], values: [1000, 0] }],
    build: (x) => ops.logSoftmax(x),
    expect: [0, -1000],
    differentiable: false,
  },
]);

test("softmax's gradient in attention sums over the values of a head, not over the keys", () => {
  const graph = new Graph();
  const [q, k, v] = ["q", "k", "v"].map((name) => graph.input(name, [2, 9, 4])) as [never, never, never];
  const o = ops.matmul(ops.softmax(ops.matmul(q, ops.swapLastAxes(k))), v);
  const slopes = gradients(ops.reduceSum(ops.mul(o, o)), [q]);
  const summed = ancestors(slopes).flatMap(({ origin }) =>
    origin.kind === "call" && origin.call.operator.name === "ReduceSum" ? [origin.call.inputs[0]!.shape] : [],
  );
  expect(summed).toEqual([[2, 9, 4]]);
});

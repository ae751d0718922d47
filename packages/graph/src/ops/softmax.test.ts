/** Softmax and its logarithm: values by hand, ONNX Runtime, gradients, no overflow. */
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
    name: "logSoftmax of huge numbers",
    inputs: [{ shape: [1, 2], values: [1000, 0] }],
    build: (x) => ops.logSoftmax(x),
    expect: [0, -1000],
    differentiable: false,
  },
]);

/** Reductions: values by hand, ONNX Runtime, gradients. */
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };
const cube = { shape: [2, 3, 4] };

checkOperators("reductions", [
  { name: "reduceSum of all", inputs: [x], build: (x) => ops.reduceSum(x), expect: [21], shape: [] },
  {
    name: "reduceSum of columns",
    inputs: [x],
    build: (x) => ops.reduceSum(x, [0]),
    expect: [5, 7, 9],
    shape: [3],
  },
  {
    name: "reduceSum, axis kept",
    inputs: [x],
    build: (x) => ops.reduceSum(x, [-1], true),
    expect: [6, 15],
    shape: [2, 1],
  },
  { name: "reduceSum of outer axes", inputs: [cube], build: (x) => ops.reduceSum(x, [2, 0]), shape: [3] },
  { name: "reduceMean of all", inputs: [x], build: (x) => ops.reduceMean(x), expect: [3.5] },
  { name: "reduceMean of rows", inputs: [x], build: (x) => ops.reduceMean(x, [1]), expect: [2, 5] },
  {
    name: "reduceMean, axes kept",
    inputs: [cube],
    build: (x) => ops.reduceMean(x, [0, 2], true),
    shape: [1, 3, 1],
  },
  { name: "reduceMax of rows", inputs: [x], build: (x) => ops.reduceMax(x, [1]), expect: [3, 6] },
  { name: "reduceMax of all", inputs: [cube], build: (x) => ops.reduceMax(x), shape: [] },
  {
    name: "argMax, first among ties",
    inputs: [{ shape: [2, 3], values: [1, 5, 5, 7, 2, 3] }],
    build: (x) => ops.argMax(x),
    expect: [1, 0],
    differentiable: false,
  },
  { name: "sumTo", inputs: [cube], build: (x) => ops.sumTo(x, [3, 1]), shape: [3, 1] },
]);

/** Running sums: values by hand, ONNX Runtime, gradients. */
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };

checkOperators("running sums", [
  { name: "cumSum of rows", inputs: [x], build: (x) => ops.cumSum(x, 1), expect: [1, 3, 6, 4, 9, 15] },
  { name: "cumSum of columns", inputs: [x], build: (x) => ops.cumSum(x, 0), expect: [1, 2, 3, 5, 7, 9] },
  {
    name: "cumSum without the element itself",
    inputs: [x],
    build: (x) => ops.cumSum(x, -1, { exclusive: true }),
    expect: [0, 1, 3, 0, 4, 9],
  },
  {
    name: "cumSum from the end",
    inputs: [x],
    build: (x) => ops.cumSum(x, 1, { reverse: true }),
    expect: [6, 5, 3, 15, 11, 6],
  },
  {
    name: "cumSum from the end without the element itself, in the middle",
    inputs: [{ shape: [2, 3, 2] }],
    build: (x) => ops.cumSum(x, 1, { exclusive: true, reverse: true }),
  },
  {
    name: "cumSum of whole numbers",
    inputs: [{ ...x, dtype: "int64" }],
    build: (x) => ops.cumSum(x, 1),
    expect: [1, 3, 6, 4, 9, 15],
    differentiable: false,
  },
]);

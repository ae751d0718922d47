/** Reductions: values by hand, ONNX Runtime, gradients. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { Graph, type Tensor } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };
const signed = { shape: [2, 3], values: [-1, 2, -3, 4, -5, 6] };
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
  {
    // 7/2 and −7/2 towards zero
    name: "reduceMean of whole numbers",
    inputs: [{ shape: [2, 2], values: [3, 4, -3, -4], dtype: "int32" }],
    build: (x) => ops.reduceMean(x, [1]),
    expect: [3, -3],
    differentiable: false,
  },
  { name: "reduceMax of rows", inputs: [x], build: (x) => ops.reduceMax(x, [1]), expect: [3, 6] },
  { name: "reduceMax of all", inputs: [cube], build: (x) => ops.reduceMax(x), shape: [] },
  { name: "reduceMin of rows", inputs: [x], build: (x) => ops.reduceMin(x, [1]), expect: [1, 4] },
  {
    name: "reduceMin of outer axes",
    inputs: [cube],
    build: (x) => ops.reduceMin(x, [0, 2], true),
    shape: [1, 3, 1],
  },
  { name: "reduceProd of rows", inputs: [x], build: (x) => ops.reduceProd(x, [1]), expect: [6, 120] },
  { name: "reduceProd of outer axes", inputs: [cube], build: (x) => ops.reduceProd(x, [0, 2]), shape: [3] },
  {
    // one zero, two zeros, none: second derivatives through zeros are products of the others too
    name: "reduceProd with zeros",
    inputs: [{ shape: [3, 5], values: [2, 0, 3, 1, 4, 0, 5, 0, 1, 2, 1, 2, 3, 4, 5] }],
    build: (x) => ops.reduceProd(x, [1]),
    expect: [0, 0, 120],
  },
  { name: "reduceL1 of rows", inputs: [signed], build: (x) => ops.reduceL1(x, [1]), expect: [6, 15] },
  // √(9 + 16), √(25 + 144)
  {
    name: "reduceL2 of rows",
    inputs: [{ shape: [2, 2], values: [3, -4, 5, 12] }],
    build: (x) => ops.reduceL2(x, [1]),
    expect: [5, 13],
  },
  {
    name: "reduceSumSquare of columns",
    inputs: [signed],
    build: (x) => ops.reduceSumSquare(x, [0]),
    expect: [17, 29, 45],
  },
  { name: "reduceLogSum of all", inputs: [x], build: (x) => ops.reduceLogSum(x), expect: [Math.log(21)] },
  {
    // exp of [0, ln 2, ln 5] sums to 8; 1000 would overflow
    name: "reduceLogSumExp of rows",
    inputs: [{ shape: [2, 3], values: [0, Math.log(2), Math.log(5), 1000, 1000, -1000] }],
    build: (x) => ops.reduceLogSumExp(x, [1]),
    expect: [Math.log(8), 1000 + Math.LN2],
    differentiable: false,
  },
  {
    name: "reduceLogSumExp of outer axes",
    inputs: [cube],
    build: (x) => ops.reduceLogSumExp(x, [0, 2], true),
    shape: [1, 3, 1],
  },
  {
    name: "reduceL2 of a scalar",
    inputs: [{ shape: [], values: [-3] }],
    build: (x) => ops.reduceL2(x),
    expect: [3],
  },
  {
    name: "reduceSumSquare of a scalar",
    inputs: [{ shape: [], values: [-3] }],
    build: (x) => ops.reduceSumSquare(x),
    expect: [9],
  },
  {
    name: "argMax, first among ties",
    inputs: [{ shape: [2, 3], values: [1, 5, 5, 7, 2, 3] }],
    build: (x) => ops.argMax(x),
    expect: [1, 0],
    differentiable: false,
  },
  { name: "sumTo", inputs: [cube], build: (x) => ops.sumTo(x, [3, 1]), shape: [3, 1] },
]);

describe("reductions at ties and at zero", () => {
  const slopeOf = (build: (x: Tensor) => Tensor, values: readonly number[]) => {
    const x = new Graph().input("x", [values.length], "float64");
    return Array.from(evaluate(gradients(build(x), [x]), { x: values })[0]!);
  };
  // torch 1.13: x.amax().backward(), x.amin().backward() and x.norm().backward()
  test("reduceMax() and reduceMin() share the gradient among ties", () => {
    expect(slopeOf((x) => ops.reduceMax(x), [1, 3, 3, 2])).toEqual([0, 0.5, 0.5, 0]);
    expect(slopeOf((x) => ops.reduceMin(x), [1, 3, 1, 1])).toEqual([1 / 3, 0, 1 / 3, 1 / 3]);
  });
  test("reduceL2() of zeros has the gradient 0", () => {
    expect(slopeOf((x) => ops.reduceL2(x), [0, 0])).toEqual([0, 0]);
  });
});

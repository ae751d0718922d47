/** Reading and writing by index: values by hand or from the tables in ONNX's documentation, ONNX Runtime, gradients. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { Graph } from "../graph.ts";
import { checkOperators, type InputSpec } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [3, 4, 2] };
const rows = { shape: [3, 2], values: [1, 2, 3, 4, 5, 6] };
const indices = (shape: readonly number[], ...values: number[]): InputSpec => ({
  shape,
  values,
  dtype: "int64",
});

checkOperators("gather and scatter", [
  {
    name: "gather of rows, one of them twice",
    inputs: [rows, indices([3], 2, 0, -1)],
    build: (x, i) => ops.gather(x, i),
    expect: [5, 6, 1, 2, 5, 6],
  },
  {
    name: "gather along the middle axis by a table",
    inputs: [x, { shape: [2, 2], values: [0, 3, 3, 1], dtype: "int32" }],
    build: (x, i) => ops.gather(x, i, 1),
    shape: [3, 2, 2, 2],
  },
  {
    name: "gather of one constant place, whose axis goes",
    inputs: [x],
    build: (x) => ops.gather(x, x.graph.constant(-1, [], "int64"), 1),
    shape: [3, 2],
  },
  {
    name: "gather of one constant place, whose axis stays",
    inputs: [rows],
    build: (x) => ops.gather(x, x.graph.constant([1], [1], "int64")),
    expect: [3, 4],
  },
  {
    // onnx/backend/test/case/node/gatherelements.py, test_gather_elements_0
    name: "gatherElements along columns",
    inputs: [{ shape: [2, 2], values: [1, 2, 3, 4] }, indices([2, 2], 0, 0, 1, 0)],
    build: (x, i) => ops.gatherElements(x, i, 1),
    expect: [1, 1, 4, 3],
  },
  {
    // the same file, test_gather_elements_1
    name: "gatherElements of fewer rows than there are",
    inputs: [{ shape: [3, 3], values: [1, 2, 3, 4, 5, 6, 7, 8, 9] }, indices([2, 3], 1, 2, 0, 2, 0, 0)],
    build: (x, i) => ops.gatherElements(x, i, 0),
    expect: [4, 8, 3, 7, 2, 3],
  },
  {
    name: "gatherElements with negative indices along the middle of three axes",
    inputs: [x, { shape: [2, 3, 2], values: [0, -1, 3, 2, 1, 1, -4, 0, 3, 3, 2, -2], dtype: "int32" }],
    build: (x, i) => ops.gatherElements(x, i, 1),
    shape: [2, 3, 2],
  },
  {
    // onnx/docs/Operators.md, GatherND, example 1
    name: "gatherND of single elements",
    inputs: [{ shape: [2, 2], values: [0, 1, 2, 3] }, indices([2, 2], 0, 0, 1, 1)],
    build: (x, i) => ops.gatherND(x, i),
    expect: [0, 3],
  },
  {
    // example 5: with one batch axis
    name: "gatherND in batches",
    inputs: [{ shape: [2, 2, 2], values: [0, 1, 2, 3, 4, 5, 6, 7] }, indices([2, 1], 1, 0)],
    build: (x, i) => ops.gatherND(x, i, 1),
    expect: [2, 3, 4, 5],
    shape: [2, 2],
  },
  {
    name: "gatherND in batches of two axes, of elements that repeat",
    inputs: [
      { shape: [2, 2, 3, 2] },
      indices([2, 2, 2, 2], 0, 1, 2, 0, 1, 1, 1, 1, 0, 0, 0, 0, 2, 1, -1, -2),
    ],
    build: (x, i) => ops.gatherND(x, i, 2),
    shape: [2, 2, 2],
  },
  {
    // onnx/backend/test/case/node/scatterelements.py, test_scatter_elements_with_axis
    name: "scatterElements",
    inputs: [
      { shape: [1, 5], values: [1, 2, 3, 4, 5] },
      indices([1, 2], 1, 3),
      { shape: [1, 2], values: [1.1, 2.1] },
    ],
    build: (x, i, u) => ops.scatterElements(x, i, u, 1),
    expect: [1, 1.1, 3, 2.1, 5],
  },
  {
    // the same file, test_scatter_elements_with_duplicate_indices: 2 + 1.1 + 2.1
    name: "scatterElements that adds",
    inputs: [
      { shape: [1, 5], values: [1, 2, 3, 4, 5] },
      indices([1, 2], 1, 1),
      { shape: [1, 2], values: [1.1, 2.1] },
    ],
    build: (x, i, u) => ops.scatterElements(x, i, u, 1, "add"),
    expect: [1, 5.2, 3, 4, 5],
  },
  {
    name: "scatterElements that multiplies",
    inputs: [{ shape: [3, 2] }, indices([2, 2], 0, 2, 0, -1), { shape: [2, 2], low: 0.5 }],
    build: (x, i, u) => ops.scatterElements(x, i, u, 0, "mul"),
  },
  {
    // max(2, 1.1, 2.1)
    name: "scatterElements that keeps the largest",
    inputs: [
      { shape: [1, 5], values: [1, 2, 3, 4, 5] },
      indices([1, 2], 1, 1),
      { shape: [1, 2], values: [1.1, 2.1] },
    ],
    build: (x, i, u) => ops.scatterElements(x, i, u, 1, "max"),
    expect: [1, 2.1, 3, 4, 5],
  },
  {
    name: "scatterElements that keeps the smallest",
    inputs: [{ shape: [3, 2] }, indices([2, 2], 0, 2, 0, -1), { shape: [2, 2] }],
    build: (x, i, u) => ops.scatterElements(x, i, u, 0, "min"),
  },
  {
    name: "scatterAdd",
    inputs: [
      rows,
      { shape: [2], values: [1, 1], dtype: "int32" },
      { shape: [2, 2], values: [10, 20, 30, 40] },
    ],
    build: (x, i, u) => ops.scatterAdd(x, i, u),
    expect: [1, 2, 43, 64, 5, 6],
  },
  {
    // onnx/docs/Operators.md, ScatterND, example 1
    name: "scatterND",
    inputs: [
      { shape: [8], values: [1, 2, 3, 4, 5, 6, 7, 8] },
      indices([4, 1], 4, 3, 1, 7),
      { shape: [4], values: [9, 10, 11, 12] },
    ],
    build: (x, i, u) => ops.scatterND(x, i, u),
    expect: [1, 11, 3, 10, 9, 6, 7, 12],
  },
  {
    name: "scatterND of rows by two indices",
    inputs: [x, indices([2, 2], 0, 1, 2, -1), { shape: [2, 2] }],
    build: (x, i, u) => ops.scatterND(x, i, u),
  },
  {
    name: "scatterND that multiplies",
    inputs: [x, indices([2, 1], 1, 1), { shape: [2, 4, 2], low: 0.5 }],
    build: (x, i, u) => ops.scatterND(x, i, u, "mul"),
  },
  {
    name: "scatterND that keeps the largest",
    inputs: [x, indices([3, 2], 0, 1, 2, 3, 0, 1), { shape: [3, 2] }],
    build: (x, i, u) => ops.scatterND(x, i, u, "max"),
  },
  {
    // the index −1 is the last place, and 3 is outside
    name: "oneHot",
    inputs: [indices([3], 1, -1, 3)],
    build: (i) => ops.oneHot(i, 3, i.graph.constant(5, [], "float32"), -1),
    expect: [-1, 5, -1, -1, -1, 5, -1, -1, -1],
    shape: [3, 3],
    differentiable: false,
  },
  {
    name: "oneHot on the first axis, with values that have gradients",
    inputs: [indices([2, 2], 0, 2, 1, 1), { shape: [] }, { shape: [] }],
    build: (i, on, off) => ops.oneHot(i, 3, on, off, 0),
    shape: [3, 2, 2],
  },
]);

describe("gather and scatter", () => {
  test("ties in scatterElements share the gradient, as in torch.scatter_reduce with amax", () => {
    const graph = new Graph();
    const [data, updates] = [graph.input("data", [2]), graph.input("updates", [3])];
    const y = ops.scatterElements(data, graph.constant([0, 0, 1], [3], "int64"), updates, 0, "max");
    const found = evaluate(gradients(y, [data, updates], graph.constant([6, 1])), {
      data: [3, 1],
      updates: [3, 3, 0],
    });
    expect(found.map((values) => [...values])).toEqual([
      [2, 1],
      [2, 2, 0],
    ]);
  });

  test("operands that do not fit are refused with what would fit", () => {
    const graph = new Graph();
    const [data, table] = [graph.input("data", [3, 4]), graph.input("table", [2, 5], "int64")];
    expect(() => ops.gatherElements(data, table)).toThrow(
      "Cannot apply GatherElements to data float32 [3, 4] and table int64 [2, 5] as indices need the axes of the data, none of them larger, other than axis 0",
    );
    expect(() => ops.gather(data, graph.constant([2, -5], [2], "int64"), 1)).toThrow(
      /indices must lie in \[-4, 4\): found -5/,
    );
    expect(() => ops.oneHot(table, 2 ** 40, data)).toThrow(
      /Cannot write out a table of 1099511627776 entries/,
    );
    expect(() => ops.gatherND(data, table)).toThrow(
      /share 0 axes with the data, and name 1 to 2 of its further axes/,
    );
    expect(() => ops.scatterElements(data, graph.input("few", [1, 1], "int64"), data)).toThrow(
      /updates need the shape of indices and the dtype of the data/,
    );
    expect(() => ops.scatterND(data, table, data, "most" as "max")).toThrow(
      /its reduction must be one of none, add, mul, max, min: found most/,
    );
  });
});

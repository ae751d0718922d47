/** Split: values by hand, ONNX Runtime, gradients of all parts and of some. */
import { describe, expect, test } from "vitest";
import { gradients } from "../gradients.ts";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };

checkOperators("split", [
  {
    name: "split",
    inputs: [x],
    build: (x) => ops.split(x, [1, 2], 1),
    expect: [
      [1, 4],
      [2, 3, 5, 6],
    ],
  },
  {
    name: "split into as many parts, the last one smaller",
    inputs: [x],
    build: (x) => ops.split(x, 2, -1),
    expect: [
      [1, 2, 4, 5],
      [3, 6],
    ],
  },
  {
    name: "split of the middle axis",
    inputs: [{ shape: [2, 5, 2] }],
    build: (x) => ops.split(x, [2, 0, 3], 1),
    shape: [2, 2, 2],
  },
  {
    name: "split of which one part is read",
    inputs: [x],
    build: (x) => ops.split(x, [1, 1, 1], 1)[1]!,
    expect: [2, 5],
  },
  {
    name: "split of which two parts are read",
    inputs: [x],
    build: (x) => {
      const parts = ops.split(x, [1, 1, 1], 1);
      return ops.mul(parts[0]!, parts[2]!);
    },
    expect: [3, 24],
  },
]);

describe("split", () => {
  test("the gradient of all parts is one Concat", () => {
    const x = new Graph().input("x", [4, 6]);
    const [q, k, v] = ops.split(x, 3, 1) as [typeof x, typeof x, typeof x];
    const [dx] = gradients(ops.reduceSum(ops.mul(ops.mul(q, k), v)), [x]);
    expect(dx!.origin).toMatchObject({ call: { operator: { name: "Concat" } } });
  });

  test("split() refuses more parts than places", () => {
    expect(() => ops.split(new Graph().input("x", [2, 3]), 2 ** 40, 1)).toThrow(
      "Cannot apply Split to x float32 [2, 3] as the number of parts must lie in [1, 3]: found 1099511627776",
    );
  });

  test("split() refuses parts that do not make up the axis", () => {
    expect(() => ops.split(new Graph().input("x", [2, 3]), [1, 1], 1)).toThrow(
      "Cannot apply Split to x float32 [2, 3] as the parts [1, 1] must be 0 or more and make up the 3 places of axis 1",
    );
  });
});

/** Padding with the tensor's own values: by hand, ONNX Runtime, gradients, and NumPy's rule for repeated wrapping. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const line = { shape: [4], values: [1, 2, 3, 4] };
const picture = { shape: [2, 3, 4] };

checkOperators("padding", [
  {
    name: "padBy reflect",
    inputs: [line],
    build: (x) => ops.padBy(x, "reflect", [3], [2]),
    expect: [4, 3, 2, 1, 2, 3, 4, 3, 2],
  },
  {
    name: "padBy edge",
    inputs: [line],
    build: (x) => ops.padBy(x, "edge", [2], [3]),
    expect: [1, 1, 1, 2, 3, 4, 4, 4, 4],
  },
  {
    name: "padBy wrap",
    inputs: [line],
    build: (x) => ops.padBy(x, "wrap", [2], [3]),
    expect: [3, 4, 1, 2, 3, 4, 1, 2, 3],
  },
  {
    name: "padBy reflect on two axes",
    inputs: [picture],
    build: (x) => ops.padBy(x, "reflect", [0, 2, 1], [0, 1, 3]),
    shape: [2, 6, 8],
  },
  {
    name: "padBy edge on all axes",
    inputs: [picture],
    build: (x) => ops.padBy(x, "edge", [1, 0, 2], [0, 2, 1]),
    shape: [3, 5, 7],
  },
  {
    name: "padBy wrap on one axis, cropped on another",
    inputs: [picture],
    build: (x) => ops.padBy(x, "wrap", [0, 2, -1], [0, 3, 0]),
    shape: [2, 8, 3],
  },
  {
    name: "padBy edge that crops",
    inputs: [line],
    build: (x) => ops.padBy(x, "edge", [-1], [2]),
    expect: [2, 3, 4, 4, 4],
  },
]);

describe("padBy", () => {
  test("padBy() with wrap goes round as often as it must", () => {
    const x = new Graph().constant([1, 2, 3]);
    expect(ops.padBy(x, "wrap", [4], [5]).origin).toMatchObject({
      data: Float64Array.of(3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2),
    });
  });

  test("padBy() refuses to reflect more than there is", () => {
    const x = new Graph().input("x", [3, 2]);
    expect(() => ops.padBy(x, "reflect", [3, 0], [0, 0])).toThrow(
      "Cannot apply Pad to x float32 [3, 2] as mode reflect copies values that axes so short do not have: found pads [3, 0, 0, 0]: pad by less than the size",
    );
    expect(() => ops.padBy(x, "mirror" as "edge", [1, 0], [0, 0])).toThrow(
      /constant, reflect, edge or wrap: found mirror/,
    );
  });
});

/** Places for channels: ONNX's own examples, torch's pixel_shuffle, ONNX Runtime, gradients. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const linear = { smooth: false } as const;
// onnx/backend/test/case/node/depthtospace.py: eight channels of 2×3, here its first row of each
const channels = {
  shape: [1, 8, 1, 2],
  values: [0, 1, 9, 10, 18, 19, 27, 28, 36, 37, 45, 46, 54, 55, 63, 64],
};

checkOperators("space and depth", [
  {
    name: "depthToSpace",
    inputs: [channels],
    build: (x) => ops.depthToSpace(x, 2),
    expect: [0, 18, 1, 19, 36, 54, 37, 55, 9, 27, 10, 28, 45, 63, 46, 64],
    shape: [1, 2, 2, 4],
    ...linear,
  },
  {
    name: "depthToSpace in torch's order",
    inputs: [channels],
    build: (x) => ops.depthToSpace(x, 2, "CRD"),
    expect: [0, 9, 1, 10, 18, 27, 19, 28, 36, 45, 37, 46, 54, 63, 55, 64],
    shape: [1, 2, 2, 4],
  },
  {
    name: "depthToSpace of threes",
    inputs: [{ shape: [2, 9, 2, 1] }],
    build: (x) => ops.depthToSpace(x, 3, "CRD"),
    shape: [2, 1, 6, 3],
    ...linear,
  },
  {
    // onnx/backend/test/case/node/spacetodepth.py, test_spacetodepth_example
    name: "spaceToDepth",
    inputs: [
      {
        shape: [1, 1, 4, 6],
        values: [0, 6, 1, 7, 2, 8, 12, 18, 13, 19, 14, 20, 3, 9, 4, 10, 5, 11, 15, 21, 16, 22, 17, 23],
      },
    ],
    build: (x) => ops.spaceToDepth(x, 2),
    expect: Array.from({ length: 24 }, (_, i) => i),
    shape: [1, 4, 2, 3],
  },
  {
    name: "spaceToDepth of several channels",
    inputs: [{ shape: [2, 3, 4, 2] }],
    build: (x) => ops.spaceToDepth(x, 2),
    shape: [2, 12, 2, 1],
    ...linear,
  },
]);

describe("errors of space and depth", () => {
  const x = new Graph().input("x", [1, 6, 4, 5]);
  test("channels and places must be multiples of the squares", () => {
    expect(() => ops.depthToSpace(x, 2)).toThrow(
      "Cannot apply DepthToSpace to x float32 [1, 6, 4, 5] as its channels must be a multiple of 4",
    );
    expect(() => ops.spaceToDepth(x, 2)).toThrow(/height and width must be multiples of 2/);
    expect(() => ops.spaceToDepth(x, 0)).toThrow(/a block size of 1 or more: found block size 0/);
  });
});

/** Moves of axes: values by hand, ONNX Runtime, gradients, round trips. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const x = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] };
const linear = { smooth: false } as const;

checkOperators("shape", [
  {
    name: "reshape",
    inputs: [x],
    build: (x) => ops.reshape(x, [3, -1]),
    shape: [3, 2],
    expect: [1, 2, 3, 4, 5, 6],
    ...linear,
  },
  { name: "flatten", inputs: [{ shape: [2, 3, 2] }], build: (x) => ops.flatten(x), shape: [2, 6], ...linear },
  {
    name: "squeeze",
    inputs: [{ shape: [1, 3, 1] }],
    build: (x) => ops.squeeze(x, [0, -1]),
    shape: [3],
    ...linear,
  },
  {
    name: "unsqueeze",
    inputs: [{ shape: [3, 2] }],
    build: (x) => ops.unsqueeze(x, [0, -1]),
    shape: [1, 3, 2, 1],
    ...linear,
  },
  {
    name: "transpose",
    inputs: [x],
    build: (x) => ops.transpose(x),
    expect: [1, 4, 2, 5, 3, 6],
    shape: [3, 2],
    ...linear,
  },
  {
    name: "transpose of three axes",
    inputs: [{ shape: [2, 3, 4] }],
    build: (x) => ops.transpose(x, [2, 0, 1]),
    shape: [4, 2, 3],
  },
  {
    name: "expand",
    inputs: [{ shape: [2, 1], values: [1, 2] }],
    build: (x) => ops.expand(x, [2, 2, 3]),
    shape: [2, 2, 3],
    expect: [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2],
    ...linear,
  },
  {
    name: "concat of rows",
    inputs: [x, { shape: [1, 3], values: [7, 8, 9] }],
    build: (x, y) => ops.concat([x, y], 0),
    expect: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ...linear,
  },
  {
    name: "concat of columns",
    inputs: [x, { shape: [2, 1], values: [7, 8] }, x],
    build: (x, y, z) => ops.concat([x, y, z], -1),
    expect: [1, 2, 3, 7, 1, 2, 3, 4, 5, 6, 8, 4, 5, 6],
    ...linear,
  },
  {
    name: "tile",
    inputs: [{ shape: [2, 2], values: [1, 2, 3, 4] }],
    build: (x) => ops.tile(x, [2, 2]),
    expect: [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4],
  },
  {
    name: "tile of the middle axis",
    inputs: [{ shape: [2, 3, 2] }],
    build: (x) => ops.tile(x, [1, 3, 1]),
    shape: [2, 9, 2],
    ...linear,
  },
]);

describe("errors and round trips of shapes", () => {
  test("reshape() counts elements", () => {
    expect(() => ops.reshape(new Graph().input("x", [2, 3]), [4, -1])).toThrow(
      "Cannot apply Reshape to x float32 [2, 3] as [4, -1] cannot hold 6 elements",
    );
  });

  test("tile() wants one number for each axis", () => {
    expect(() => ops.tile(new Graph().input("x", [2, 3]), [2])).toThrow(
      "Cannot apply Tile to x float32 [2, 3] as it needs one whole number, 0 or more, for each of the 2 axes: found [2]",
    );
  });

  test("unsqueeze() names a new axis once", () => {
    expect(() => ops.unsqueeze(new Graph().input("x", [2, 3]), [0, 0])).toThrow(
      "Cannot apply Unsqueeze to x float32 [2, 3] as each new axis can be named once: found [0, 0]",
    );
  });

  test("concat() names all operands when a size differs", () => {
    const graph = new Graph();
    expect(() => ops.concat([graph.input("a", [2, 3]), graph.input("b", [3, 2])], 0)).toThrow(
      /a float32 \[2, 3\] and b float32 \[3, 2\]/,
    );
  });

  test("transpose() that moves only axes of size 1 is a reshape", () => {
    const x = new Graph().input("x", [4, 1, 5, 1]);
    const moved = ops.transpose(x, [1, 0, 3, 2]);
    expect(moved).toMatchObject({ shape: [1, 4, 1, 5], origin: { call: { operator: { name: "Reshape" } } } });
    expect(ops.transpose(moved, [1, 0, 3, 2])).toBe(x);
  });

  test("transpose() by a permutation and back gives the same values", () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    const cases = shapes.chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
    fc.assert(
      fc.property(cases, ([shape, perm]) => {
        const size = shape.reduce((n, d) => n * d, 1);
        const x = new Graph().constant(
          Array.from({ length: size }, (_, i) => i),
          shape,
        );
        const back = ops.transpose(
          ops.transpose(x, perm),
          perm.map((_, k) => perm.indexOf(k)),
        );
        expect(back.origin).toMatchObject({ kind: "constant" });
        expect(back).toBe(x);
      }),
      { seed: 1 },
    );
  });
});

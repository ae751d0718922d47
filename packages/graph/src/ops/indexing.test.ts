/** Stretches of tensors: values by hand, ONNX Runtime, gradients, round trips. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const line = { shape: [6], values: [0, 1, 2, 3, 4, 5] };
const x = { shape: [3, 4, 2] };
const rows = { shape: [3, 2], values: [1, 2, 3, 4, 5, 6] };

checkOperators("indexing", [
  { name: "slice", inputs: [line], build: (x) => ops.slice(x, [1], [4]), expect: [1, 2, 3] },
  {
    name: "slice by steps",
    inputs: [line],
    build: (x) => ops.slice(x, [1], [100], [0], [2]),
    expect: [1, 3, 5],
  },
  { name: "slice from the back", inputs: [line], build: (x) => ops.slice(x, [-3], [-1]), expect: [3, 4] },
  {
    name: "slice backwards",
    inputs: [line],
    build: (x) => ops.slice(x, [4], [0], [0], [-3]),
    expect: [4, 1],
  },
  {
    name: "slice backwards to the front",
    inputs: [line],
    build: (x) => ops.slice(x, [-1], [-7], [0], [-2]),
    expect: [5, 3, 1],
  },
  {
    name: "slice of two axes",
    inputs: [x],
    build: (x) => ops.slice(x, [3, 0], [0, 3], [1, 0], [-2, 2]),
    shape: [2, 2, 2],
  },
  { name: "flip", inputs: [rows], build: (x) => ops.flip(x, [0, 1]), expect: [6, 5, 4, 3, 2, 1] },
  {
    name: "spread",
    inputs: [{ shape: [2], values: [1, 2] }],
    build: (x) => ops.spread(x, 0, 3),
    expect: [1, 0, 0, 2],
  },
  {
    name: "pad",
    inputs: [{ shape: [1, 2], values: [1, 2] }],
    build: (x) => ops.pad(x, [1, 0], [0, 2], 9),
    expect: [9, 9, 9, 9, 1, 2, 9, 9],
  },
  { name: "pad that crops", inputs: [line], build: (x) => ops.pad(x, [-2], [1]), expect: [2, 3, 4, 5, 0] },
  {
    name: "pad of inner axes",
    inputs: [x],
    build: (x) => ops.pad(x, [0, 1, -1], [2, 0, 1]),
    shape: [5, 5, 2],
  },
  {
    name: "trilu",
    inputs: [{ shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }],
    build: (x) => ops.trilu(x),
    expect: [1, 2, 3, 0, 5, 6],
  },
  {
    name: "trilu of the lower triangle below the diagonal",
    inputs: [{ shape: [2, 3, 3] }],
    build: (x) => ops.trilu(x, -1, false),
    shape: [2, 3, 3],
  },
]);

describe("round trips of indexing", () => {
  test("slice() names an axis once", () => {
    const x = new Graph().input("x", [3, 4]);
    expect(() => ops.slice(x, [0, 1], [2, 3], [0, -2])).toThrow(
      /each axis can be named once: found \[0, 0\]/,
    );
  });

  test("flip() of axes of size 1 copies nothing", () => {
    const x = new Graph().input("x", [3, 1, 1]);
    expect(ops.flip(x, [1, -1])).toBe(x);
  });

  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
  const counted = (shape: number[]) => {
    const size = shape.reduce((n, d) => n * d, 1);
    return new Graph().constant(
      Array.from({ length: size }, (_, i) => i + 1),
      shape,
    );
  };

  test("pad() then slice() gives the tensor back", () => {
    const cases = shapes.chain((shape) => {
      const amounts = fc.array(fc.nat(3), { minLength: shape.length, maxLength: shape.length });
      return fc.tuple(fc.constant(shape), amounts, amounts);
    });
    fc.assert(
      fc.property(cases, ([shape, before, after]) => {
        const x = counted(shape);
        const padded = ops.pad(x, before, after, -1);
        const back = ops.slice(
          padded,
          before,
          before.map((b, k) => b + shape[k]!),
        );
        expect(evaluate([back], {})[0]).toEqual(evaluate([x], {})[0]);
      }),
      { seed: 2 },
    );
  });

  test("slice() reads what JavaScript's own indexing reads, for every start, end and step", () => {
    const step = fc.integer({ min: -3, max: 3 }).filter((s) => s !== 0);
    const bound = fc.integer({ min: -7, max: 7 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), bound, bound, step, (size, start, end, step) => {
        const list = Array.from({ length: size }, (_, i) => i + 1);
        const at = (i: number, low: number, high: number) =>
          Math.min(Math.max(i < 0 ? i + size : i, low), high);
        const wanted: number[] = [];
        if (step > 0) for (let i = at(start, 0, size); i < at(end, 0, size); i += step) wanted.push(list[i]!);
        else for (let i = at(start, 0, size - 1); i > at(end, -1, size - 1); i += step) wanted.push(list[i]!);
        const found = evaluate([ops.slice(new Graph().constant(list), [start], [end], [0], [step])], {})[0]!;
        expect(Array.from(found)).toEqual(wanted);
      }),
      { seed: 3 },
    );
  });
});

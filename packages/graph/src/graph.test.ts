/** Graph: names, sharing, and errors that teach. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { Graph } from "./graph.ts";
import * as ops from "./ops/index.ts";
import { broadcastShapes } from "./shapes.ts";

describe("Graph", () => {
  test("apply() gives the same tensor for the same application", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const y = graph.input("y", [2]);
    expect(ops.add(x, y)).toBe(ops.add(x, y));
    expect(ops.add(x, y)).not.toBe(ops.add(y, x));
    expect(graph.constant(0)).not.toBe(graph.constant(-0));
  });

  test("input() refuses a name that is taken, and sizes that are no sizes", () => {
    const graph = new Graph();
    graph.input("x", [2]);
    expect(() => graph.input("x", [3])).toThrow("Cannot add input x as the name is taken: choose another");
    expect(() => graph.input("y", [2, Number.NaN])).toThrow(/every size must be a whole number/);
  });

  test("apply() refuses operands of two graphs", () => {
    const a = new Graph().input("a", [2]);
    const b = new Graph().input("b", [2]);
    expect(() => ops.add(a, b)).toThrow(/b float32 \[2\] as it belongs to another graph/);
  });

  test("constant() counts its values", () => {
    expect(() => new Graph().constant([1, 2, 3], [2, 2])).toThrow("shape [2, 2] needs 4 values: found 3");
  });

  test("evaluate() names an input that was not fed, and one of the wrong length", () => {
    const x = new Graph().input("x", [2]);
    expect(() => evaluate([x], {})).toThrow("input x float32 [2] was not fed");
    expect(() => evaluate([x], { x: [1] })).toThrow("needs 2 values: found 1");
  });
});

describe("broadcastShapes()", () => {
  test("aligns at the right, and repeats sizes of 1", () => {
    expect(broadcastShapes([8, 1, 6, 1], [7, 1, 5])).toEqual([8, 7, 6, 5]);
    expect(broadcastShapes([], [3])).toEqual([3]);
    expect(broadcastShapes([0, 1], [1, 4])).toEqual([0, 4]);
    expect(broadcastShapes([2], [3])).toBeNull();
  });

  test("add() of broadcast operands adds what their indices, clamped to size 1, point at", () => {
    const shaped = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }).chain((full) => {
      const part = fc
        .nat(full.length)
        .chain((drop) =>
          fc.tuple(...full.slice(drop).map((d) => fc.constantFrom(1, d))).map((shape) => shape as number[]),
        );
      return fc.tuple(part, part);
    });
    fc.assert(
      fc.property(shaped, ([p, q]) => {
        const graph = new Graph();
        const count = (shape: number[]) => shape.reduce((n, d) => n * d, 1);
        const a = graph.input("a", p);
        const b = graph.input("b", q);
        const sum = ops.add(a, b);
        const feeds = {
          a: Array.from({ length: count(p) }, (_, i) => i),
          b: Array.from({ length: count(q) }, (_, i) => 100 * i),
        };
        const at = (list: number[], shape: number[], index: number[]) => {
          const own = index.slice(index.length - shape.length).map((i, k) => Math.min(i, shape[k]! - 1));
          return list[own.reduce((offset, i, k) => offset * shape[k]! + i, 0)]!;
        };
        const found = evaluate([sum], feeds)[0]!;
        for (let i = 0; i < found.length; i++) {
          let rest = i;
          const index = sum.shape.toReversed().map((d) => {
            const own = rest % d;
            rest = Math.floor(rest / d);
            return own;
          });
          index.reverse();
          expect(found[i]).toBe(at(feeds.a, p, index) + at(feeds.b, q, index));
        }
      }),
      { seed: 4 },
    );
  });
});

/** Graph: names, sharing, and errors that teach. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { gradients } from "./gradients.ts";
import { Graph, type MultiOperator, type Operator, type Tensor } from "./graph.ts";
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

  /** Sum and difference, with a derivative of each. */
  const SumAndDifference: MultiOperator = {
    name: "SumAndDifference",
    inferAll: ([x]) => [x, x],
    evaluateAll: ([a, b]) => [a.data.map((v, i) => v + b.data[i]!), a.data.map((v, i) => v - b.data[i]!)],
    gradient: [
      ({ gradients: [s, d] }, { add }) => (s && d ? add(s, d) : (s ?? d)!),
      ({ gradients: [s, d] }, { neg, sub }) => (s && d ? sub(s, d) : (s ?? neg(d!))),
    ],
  };

  test("applyMany() gives every output of one call, and the same ones again", () => {
    const graph = new Graph();
    const [a, b] = [graph.input("a", [2]), graph.input("b", [2])];
    const outputs = graph.applyMany(SumAndDifference, [a, b], {});
    expect(outputs.map(({ id }) => id)).toEqual([2, 3]);
    expect(graph.applyMany(SumAndDifference, [a, b], {})).toBe(outputs);
    expect(evaluate(outputs, { a: [5, 7], b: [1, 2] }).map((v) => [...v])).toEqual([
      [6, 9],
      [4, 5],
    ]);
    const known = graph.applyMany(SumAndDifference, [graph.constant([5]), graph.constant([1])], {});
    expect(known.map(({ origin }) => origin.kind === "constant" && [...origin.data])).toEqual([[6], [4]]);
  });

  test("gradients() hands a rule the gradients of all outputs, null for those that do not matter", () => {
    const graph = new Graph();
    const [a, b] = [graph.input("a", []), graph.input("b", [])];
    const [sum, difference] = graph.applyMany(SumAndDifference, [a, b], {}) as [Tensor, Tensor];
    const slopes = (y: Tensor) => evaluate(gradients(y, [a, b]), { a: [5], b: [2] }).map((v) => v[0]);
    expect(slopes(ops.mul(sum, difference))).toEqual([10, -4]); // a² − b²
    expect(slopes(ops.mul(sum, sum))).toEqual([14, 14]); // 2(a + b)
    expect(slopes(ops.mul(difference, difference))).toEqual([6, -6]);
  });

  test("apply() leaves distinct operators alone, and refuses a shape that is none", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const Draw: Operator = { ...ops.Identity, name: "Draw", distinct: true };
    expect(graph.apply(Draw, [x], {})).not.toBe(graph.apply(Draw, [x], {}));
    expect(graph.apply(Draw, [graph.constant(1)], {}).origin.kind).toBe("call");
    const Wrong: Operator = {
      ...ops.Identity,
      name: "Wrong",
      infer: () => ({ shape: [-1], dtype: "float32" }),
    };
    expect(() => graph.apply(Wrong, [x], {})).toThrow(
      "Cannot apply Wrong to x float32 [2] as every size must be a whole number, 0 or more: it would give [-1]",
    );
  });

  test("a graph with a capacity holds no more tensors, and no more elements of constants", () => {
    const graph = new Graph({ tensors: 3, elements: 5 });
    const x = graph.input("x", [2]);
    graph.constant([1, 2, 3]);
    expect(() => graph.constant([4, 5, 6])).toThrow(
      "Cannot add a constant of 3 values as those of the graph may have 5 together",
    );
    expect(() => ops.exp(ops.exp(x))).toThrow("Cannot add a tensor as the graph may hold 3");
  });

  test("names: reserved ones are for inputs, and given ones are numbered where they are taken", () => {
    const graph = new Graph();
    graph.reserve(["Exp"]);
    const x = graph.input("x", [2]);
    const y = ops.exp(x);
    expect(y.name).toBe("Exp_1");
    expect(graph.input("Exp", [1]).name).toBe("Exp");
    graph.rename(y, "x");
    expect(y.name).toBe("x_1");
  });

  test("constant() copies a typed array in its own form", () => {
    const values = Float32Array.of(1, 2);
    const { origin } = new Graph().constant(values);
    values[0] = 9;
    expect(origin).toEqual({ kind: "constant", data: Float32Array.of(1, 2) });
    const { origin: bytes } = new Graph().constant(Buffer.from([1, 2]), [2], "uint8");
    expect(bytes).toEqual({ kind: "constant", data: Uint8Array.of(1, 2) });
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

/** Which operators the sum of several gradients takes, and that it is the sum. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../evaluate.ts";
import { gradients } from "../gradients.ts";
import { ancestors, Graph, type Tensor } from "../graph.ts";
import * as ops from "../ops/index.ts";

const operators = (tensor: Tensor): string[] =>
  ancestors([tensor]).flatMap(({ origin }) => (origin.kind === "call" ? [origin.call.operator.name] : []));

const values = (tensor: Tensor, feeds: Record<string, number[]> = {}) =>
  Array.from(evaluate([tensor], feeds)[0]!);

/** Σ over parts of weight·Σ part², whose gradient in x is 2·weight·x at each place that a part holds. */
function weighted(parts: readonly Tensor[]): Tensor {
  const terms = parts.map((part, k) => ops.mul(ops.reduceSum(ops.mul(part, part)), k + 1));
  return terms.reduce((a, b) => ops.add(a, b));
}

describe("gradients() of a tensor with several uses", () => {
  test("slices that tile it: one Concat, no Pad and no Add", () => {
    const x = new Graph().input("x", [2, 6]);
    const parts = [0, 1, 2].map((k) => ops.slice(x, [2 * k], [2 * k + 2], [1]));
    const [dx] = gradients(weighted(parts), [x]);
    expect(values(dx!, { x: [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2] })).toEqual([
      2, 2, 4, 4, 6, 6, 4, 4, 8, 8, 12, 12,
    ]);
    expect(operators(dx!).filter((name) => name === "Pad" || name === "Add")).toEqual([]);
    expect(operators(dx!).filter((name) => name === "Concat")).toHaveLength(1);
  });

  test("slices with gaps between and around them: zeros there", () => {
    const x = new Graph().input("x", [7]);
    const parts = [ops.slice(x, [4], [6]), ops.slice(x, [1], [3])];
    const [dx] = gradients(weighted(parts), [x]);
    expect(values(dx!, { x: [1, 1, 1, 1, 1, 1, 1] })).toEqual([0, 4, 4, 0, 2, 2, 0]);
    expect(operators(dx!)).not.toContain("Add");
  });

  test("weights at many steps: one product of all rows on top of each other, unless there are many rows", () => {
    const stepped = (rows: number) => {
      const graph = new Graph();
      const w = graph.input("w", [2, 3]);
      const x = graph.input("x", [3 * rows, 2]);
      const steps = [0, 1, 2].map((k) => ops.matmul(ops.slice(x, [k * rows], [(k + 1) * rows], [0]), w));
      return gradients(weighted(steps), [w])[0]!;
    };
    const products = (tensor: Tensor) => operators(tensor).filter((name) => name === "Gemm").length;
    // Σ 2k xₖᵀ xₖ w with rows xₖ = (1, 0), (0, 1), (1, 1): 2·[1 0; 0 0] + 4·[0 0; 0 1] + 6·[1 1; 1 1] = [8 6; 6 10]
    const dw = stepped(1);
    expect(values(dw, { x: [1, 0, 0, 1, 1, 1], w: [1, 0, 2, 0, 1, 1] })).toEqual([8, 6, 22, 6, 10, 22]);
    expect([products(dw), products(stepped(4))]).toEqual([1, 3]);
  });

  test("slices that overlap are added, and so is a use of the whole", () => {
    const x = new Graph().input("x", [3]);
    const parts = [ops.slice(x, [0], [2]), ops.slice(x, [1], [3]), x];
    const [dx] = gradients(weighted(parts), [x]);
    expect(values(dx!, { x: [1, 1, 1] })).toEqual([2 + 6, 2 + 4 + 6, 4 + 6]);
  });

  test("slices along different axes are added", () => {
    const x = new Graph().input("x", [2, 2]);
    const parts = [ops.slice(x, [0], [1], [0]), ops.slice(x, [1], [2], [1])];
    const [dx] = gradients(weighted(parts), [x]);
    expect(values(dx!, { x: [1, 1, 1, 1] })).toEqual([2, 2 + 4, 0, 4]);
  });

  test("a table that is looked up and multiplied: rows are scattered into the other gradient", () => {
    const graph = new Graph();
    const table = graph.input("table", [3, 2]);
    const rows = ops.gather(table, graph.constant([2, 0, 2], [3], "int64"));
    const product = ops.gemm(rows, table, { transB: 1 }); // tied weights
    const [slope] = gradients(ops.reduceSum(product), [table]);
    // L = Σᵢ Σⱼ rowᵢ·tⱼ = s·t̄ with s the sum of rows, t̄ the sum of the table: dL/dtⱼ = s + (times j is looked up) t̄
    expect(values(slope!, { table: [1, 2, 3, 4, 5, 6] })).toEqual([
      11 + 9,
      14 + 12,
      11,
      14,
      11 + 18,
      14 + 24,
    ]);
    expect(operators(slope!)).not.toContain("Add");
    expect(operators(slope!)).not.toContain("Expand");
  });

  test("a part that is zero everywhere is left out", () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const [dx] = gradients(ops.reduceSum(ops.add(ops.mul(x, graph.constant([0, 0])), ops.mul(x, 3))), [x]);
    expect(values(dx!)).toEqual([3, 3]);
    expect(operators(dx!)).not.toContain("Add");
  });
});

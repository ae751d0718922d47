/** Matrix products: values by hand, ONNX Runtime, gradients, errors. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

checkOperators("matrix products", [
  {
    name: "matmul",
    inputs: [
      { shape: [2, 2], values: [1, 2, 3, 4] },
      { shape: [2, 2], values: [5, 6, 7, 8] },
    ],
    build: (a, b) => ops.matmul(a, b),
    expect: [19, 22, 43, 50],
  },
  {
    name: "matmul of two sizes",
    inputs: [{ shape: [2, 3] }, { shape: [3, 4] }],
    build: (a, b) => ops.matmul(a, b),
  },
  {
    name: "matmul in batches that broadcast",
    inputs: [{ shape: [2, 1, 2, 3] }, { shape: [2, 3, 2] }],
    build: (a, b) => ops.matmul(a, b),
    shape: [2, 2, 2, 2],
  },
  {
    name: "matmul of a batch with one matrix",
    inputs: [{ shape: [2, 2, 3] }, { shape: [3, 2] }],
    build: (a, b) => ops.matmul(a, b),
    shape: [2, 2, 2],
  },
  {
    name: "matmul of a matrix and a vector",
    inputs: [
      { shape: [2, 2], values: [1, 2, 3, 4] },
      { shape: [2], values: [5, 6] },
    ],
    build: (a, b) => ops.matmul(a, b),
    expect: [17, 39],
    shape: [2],
  },
  {
    name: "matmul of a vector and a batch",
    inputs: [{ shape: [3] }, { shape: [2, 3, 4] }],
    build: (a, b) => ops.matmul(a, b),
    shape: [2, 4],
  },
  {
    name: "matmul of two vectors",
    inputs: [
      { shape: [2], values: [1, 2] },
      { shape: [2], values: [3, 4] },
    ],
    build: (a, b) => ops.matmul(a, b),
    expect: [11],
    shape: [],
  },
  ...[0, 1].flatMap((transA) =>
    [0, 1].map((transB) => ({
      name: `gemm with transA=${transA}, transB=${transB}`,
      inputs: [{ shape: transA ? [3, 2] : [2, 3] }, { shape: transB ? [4, 3] : [3, 4] }, { shape: [4] }],
      build: (a: Parameters<typeof ops.gemm>[0], b: typeof a, c: typeof a) =>
        ops.gemm(a, b, { addend: c, transA, transB, alpha: 0.5, beta: 2 }),
      shape: [2, 4],
    })),
  ),
  {
    // 0.5·[1 2; 3 4]ᵀ[1 0; 0 1] + 2·[1; 1] = [0.5 1.5; 1 2] + 2
    name: "gemm",
    inputs: [
      { shape: [2, 2], values: [1, 2, 3, 4] },
      { shape: [2, 2], values: [1, 0, 0, 1] },
      { shape: [2, 1], values: [1, 1] },
    ],
    build: (a, b, addend) => ops.gemm(a, b, { addend, transA: 1, alpha: 0.5, beta: 2 }),
    expect: [2.5, 3.5, 3, 4],
  },
]);

describe("errors of matrix products", () => {
  const graph = new Graph();
  const a = graph.input("a", [2, 3]);
  const b = graph.input("b", [2, 3]);
  test("matmul() shows both shapes and the sizes that disagree", () => {
    expect(() => ops.matmul(a, b)).toThrow(
      "Cannot apply MatMul to a float32 [2, 3] and b float32 [2, 3] as the inner sizes must agree: found 3 and 2",
    );
  });
  test("gemm() shows the flags that made the sizes disagree", () => {
    expect(() => ops.gemm(a, b, { transA: 1, transB: 1 })).toThrow("found 2 and 3 with transA=1, transB=1");
  });
  test("gemm() refuses an addend that would widen the product", () => {
    expect(() => ops.gemm(a, b, { transB: 1, addend: graph.input("c", [3, 2, 2]) })).toThrow(
      /addend must broadcast to \[2, 2\]/,
    );
  });
});

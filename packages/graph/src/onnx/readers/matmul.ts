/** Products of matrices, and Einstein's summation. */
import * as ops from "../../ops/index.ts";
import type { Readers } from "../node.ts";

export const matmul: Readers = {
  MatMul: (node) => ops.matmul(node.input(0), node.input(1)),
  Gemm: (node) => {
    const addend = node.optional(2);
    return ops.gemm(node.input(0), node.input(1), {
      ...(addend && { addend }),
      transA: node.int("transA", 0),
      transB: node.int("transB", 0),
      alpha: node.float("alpha", 1),
      beta: node.float("beta", 1),
    });
  },
  Einsum: (node) =>
    ops.einsum(
      node.string("equation"),
      Array.from({ length: node.inputCount }, (_, k) => node.input(k)),
    ),
};

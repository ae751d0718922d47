/** Attention: values by hand, ONNX Runtime, gradients, errors. */
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { checkOperators } from "../testing/check-operators.ts";
import * as ops from "./index.ts";

const [ln2, ln5] = [Math.log(2), Math.log(5)];
const q = { shape: [1, 2, 2, 3] };
const k = { shape: [1, 2, 2, 3] };
const v = { shape: [1, 2, 2, 2] };

checkOperators("attention", [
  {
    // scores [0, ln 2, ln 5] give the weights [1, 2, 5]/8
    name: "one query and three keys of size 1",
    inputs: [
      { shape: [1, 1, 1, 1], values: [1] },
      { shape: [1, 1, 3, 1], values: [0, ln2, ln5] },
      { shape: [1, 1, 3, 1], values: [8, 16, 24] },
    ],
    build: (q, k, v) => ops.attention(q, k, v).output,
    expect: [1 + 4 + 15],
  },
  {
    // query 0 sees key 0 alone, query 1 weighs both by [1, 2]/3
    name: "a causal mask",
    inputs: [
      { shape: [1, 1, 2, 1], values: [7, 1] },
      { shape: [1, 1, 2, 1], values: [0, ln2] },
      { shape: [1, 1, 2, 1], values: [3, 9] },
    ],
    build: (q, k, v) => ops.attention(q, k, v, { causal: true }).output,
    expect: [3, 7],
  },
  {
    // the third key does not take part
    name: "a mask of truth values",
    inputs: [
      { shape: [1, 1, 1, 1], values: [1] },
      { shape: [1, 1, 3, 1], values: [0, ln2, ln5] },
      { shape: [1, 1, 3, 1], values: [3, 9, 100] },
    ],
    build: (q, k, v) => ops.attention(q, k, v, { mask: q.graph.constant([1, 1, 0], [1, 3], "bool") }).output,
    expect: [7],
  },
  {
    name: "a mask that is added, with a scale",
    inputs: [q, k, v, { shape: [2, 2] }],
    build: (...[q, k, v, mask]) => ops.attention(q, k, v, { mask, scale: 0.3 }).output,
  },
  {
    name: "heads in groups, with a soft cap",
    inputs: [{ shape: [1, 4, 2, 3] }, k, v],
    build: (q, k, v) => ops.attention(q, k, v, { softcap: 1.5 }).output,
    shape: [1, 4, 2, 2],
  },
  {
    name: "heads side by side",
    inputs: [{ shape: [1, 2, 4] }],
    build: (x) =>
      ops.joinHeads(ops.attention(ops.splitHeads(x, 2), ops.splitHeads(x, 2), ops.splitHeads(x, 2)).output),
    shape: [1, 2, 4],
  },
]);

describe("errors of attention", () => {
  const graph = new Graph();
  const [q, k] = [graph.input("q", [1, 3, 2, 4]), graph.input("k", [1, 2, 2, 4])];
  test("attention() needs query heads in equal groups", () => {
    expect(() => ops.attention(q, k, k)).toThrow(/with H a multiple of G/);
  });
  test("attention() needs a mask of the scores' shape", () => {
    const mask = graph.input("mask", [5, 3, 2, 2]);
    expect(() => ops.attention(q, q, q, { mask })).toThrow("the mask must broadcast to [1, 3, 2, 2]");
  });
});

/** Peaks worked by hand; and what ONNX Runtime's process really takes is measured in checkpoint.slow.test.ts. */
import { describe, expect, test } from "vitest";
import { gradients } from "../gradients.ts";
import { ancestors, Graph, type Tensor } from "../graph.ts";
import * as ops from "../ops/index.ts";
import { checkpoint } from "./checkpoint.ts";
import { peakMemory } from "./memory.ts";
import { computingOrder, forDepthFirst } from "./order.ts";

describe("peakMemory()", () => {
  test("counts inputs, constants and outputs to the end, and what is read until it was read last", () => {
    const graph = new Graph();
    const x = graph.input("x", [10]); // 40 bytes
    const table = graph.constant(Float32Array.from({ length: 300 }, Math.sin), [300]); // 1200
    const sums = ops.reduceSum(ops.matmul(ops.reshape(x, [10, 1]), ops.reshape(table, [1, 300])), [0]); // 12 000 → 1200
    const found = peakMemory([sums]);
    expect(found.peak).toBe(40 + 1200 + 12_000 + 1200); // both ends of the sum
    expect(found.kinds).toEqual({
      parameters: 0,
      inputs: 40,
      constants: 1200,
      activations: 13_200,
      gradients: 0,
    });
    expect(found.during).toBe(sums);
    expect(found.alive.map(({ bytes }) => bytes)).toEqual([12_000, 1200, 1200, 40]);
  });

  test("an element-by-element operator takes over an operand that dies, a view shares its operand's memory", () => {
    const x = new Graph().input("x", [100]);
    const chain = ops.tanh(ops.reshape(ops.exp(ops.sqrt(x)), [10, 10]));
    // √x is new beside x; exp takes it over, the reshape shares it, and tanh is an output, so it has memory of its own
    expect(peakMemory([chain]).peak).toBe(3 * 400);
    const kept = ops.mul(ops.exp(ops.sqrt(x)), ops.sqrt(x)); // here √x is read again, so exp cannot take it over
    expect(peakMemory([kept]).peak).toBe(4 * 400);
  });

  test("splits a training step into parameters, activations and gradients", () => {
    const graph = new Graph();
    const x = graph.input("x", [80, 4]); // 1280 bytes
    const w = graph.input("w", [16, 4]); // 256
    const h = ops.exp(ops.gemm(x, w, { transB: 1 })); // 5120, in place
    const loss = ops.reduceSum(h); // 4
    const [dw] = gradients(loss, [w]); // exp's gradient is h times the seed, 1, which is a constant of 4; 256
    const found = peakMemory([loss, dw!], { parameters: [w], forward: [loss] });
    expect(found.kinds).toEqual({
      parameters: 256,
      inputs: 1280,
      constants: 4,
      activations: 5120 + 4,
      gradients: 256,
    });
  });

  test("blocks of √n layers computed again need memory for about 2√n activations, not n", () => {
    const layers = 64;
    const size = 1000;
    const build = (every: number | null) => {
      const graph = new Graph();
      const x = graph.input("x", [size]);
      const w = graph.input("w", [size]);
      // tanh keeps its output for the backward pass, and the product its other factor: the same tensor
      const layer = (h: Tensor) => ops.tanh(ops.mul(h, w));
      let h: Tensor = x;
      for (let k = 0; k < layers; k += every ?? 1) {
        const block = (h: Tensor) => Array.from({ length: every ?? 1 }).reduce<Tensor>(layer, h);
        h = every ? checkpoint(block, h) : block(h);
      }
      const loss = ops.reduceSum(h);
      const outputs = [loss, ...gradients(loss, [w])];
      const { peak, kinds } = peakMemory(outputs, { parameters: [w], forward: [loss] });
      return { vectors: peak / (4 * size), activations: kinds.activations / (4 * size) };
    };
    const [all, some] = [build(null), build(8)];
    expect(all.activations).toBeGreaterThanOrEqual(layers - 1);
    expect(some.activations).toBeLessThan(2 * Math.sqrt(layers) + 2);
    expect(some.vectors).toBeLessThan(all.vectors / 3);
  });
});

describe("computingOrder()", () => {
  /** Rows of a wide table, all made first and all summed up later. */
  function wide() {
    const x = new Graph().input("x", [100, 1]);
    const rows = Array.from({ length: 10 }, (_, k) => ops.matmul(x, ops.exp(ops.transpose(ops.mul(x, k)))));
    return rows.map((row) => ops.reduceSum(row)); // 40 000 bytes each, then 4
  }

  test("takes another order where that lowers the peak, each tensor after its operands", () => {
    const outputs = wide();
    const built = ancestors(outputs);
    const order = computingOrder(outputs);
    expect(peakMemory(outputs, { order: built }).peak).toBeGreaterThan(400_000);
    expect(peakMemory(outputs, { order }).peak).toBeLessThan(60_000);
    expect(new Set(order)).toEqual(new Set(built));
    expectSorted(order);
  });

  test("keeps the order built where none is better", () => {
    const graph = new Graph();
    const [x, w] = [graph.input("x", [8, 8]), graph.input("w", [8, 8])];
    const loss = ops.reduceSum(ops.tanh(ops.matmul(ops.tanh(ops.matmul(x, w)), w)));
    const outputs = [loss, ...gradients(loss, [w])];
    expect(computingOrder(outputs)).toEqual(ancestors(outputs));
  });

  test("forDepthFirst() puts what nothing reads at the end, the first one last", () => {
    const x = new Graph().input("x", [2]);
    const [a, b, c] = [ops.exp(x), ops.sqrt(ops.tanh(x)), ops.neg(x)];
    const order = forDepthFirst([a, b, c]);
    expect(order.slice(-3)).toEqual([c, b, a]);
    expectSorted(order);
  });

  function expectSorted(order: readonly Tensor[]) {
    const seen = new Set<Tensor>();
    for (const tensor of order) {
      if (tensor.origin.kind === "call")
        for (const input of tensor.origin.call.inputs) expect(seen.has(input), String(tensor)).toBe(true);
      seen.add(tensor);
    }
  }
});

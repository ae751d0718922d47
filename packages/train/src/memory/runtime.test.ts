/** The arena and the planner by hand. That ONNX Runtime does the same is measured in memory.slow.test.ts. */
import { exp, Graph, gradients, matmul, mul, reduceSum, reshape, type Tensor, tanh } from "@thalweg/graph";
import { describe, expect, test } from "vitest";
import { arenaBytes, executionOrder, planBuffers, touchedBytes } from "./runtime.ts";

const MIB = 2 ** 20;
const life = (bytes: number, from: number, to: number) => ({ bytes, from, to });

describe("touchedBytes()", () => {
  test("rounds to 256 bytes, and takes a stretch that is free again", () => {
    expect(touchedBytes([life(100, 0, 0), life(50, 0, 1)])).toBe(256 + 50);
    expect(touchedBytes([life(1000, 0, 0), life(1000, 1, 1)])).toBe(1000);
    expect(touchedBytes([life(1000, 0, 1), life(1000, 1, 1)])).toBe(1024 + 1000);
  });

  test("hands out a stretch whole unless it is twice as large", () => {
    // 1024, 768 and 256 side by side; a stretch of 1024 goes to 768 whole, so that the 256 after it must go elsewhere
    const before = [life(1024, 0, 0), life(256, 0, 9)];
    expect(touchedBytes([...before, life(768, 1, 9), life(256, 1, 9)])).toBe(1024 + 256 + 256);
    // to 512 it goes by half, and the other half is room for 512 more
    expect(touchedBytes([...before, life(512, 1, 9), life(512, 1, 9)])).toBe(1024 + 256);
  });

  test("joins free neighbours, and chooses the smallest stretch that is large enough", () => {
    const three = [life(512, 0, 0), life(512, 0, 0), life(256, 0, 9)];
    expect(touchedBytes([...three, life(1024, 1, 9)])).toBe(1280);
    // free are 2048 and 512: 512 goes into the latter, so that 2048 finds room
    const gaps = [life(2048, 0, 0), life(256, 0, 9), life(512, 0, 0), life(256, 0, 9)];
    expect(touchedBytes([...gaps, life(512, 1, 9), life(2048, 1, 9)])).toBe(2048 + 256 + 512 + 256);
  });

  test("grows by blocks of 1, 2, 4 MiB, of which what is touched counts", () => {
    // 0.75 MiB leave too little of the first block, and of the second there is room for two more
    const four = Array.from({ length: 4 }, () => life(0.75 * MIB, 0, 1));
    expect(touchedBytes(four)).toBe(3 * MIB);
    expect(touchedBytes([...four, life(5 * MIB, 0, 1)])).toBe(8 * MIB);
  });
});

describe("planBuffers()", () => {
  const plan = (...outputs: Tensor[]) => planBuffers(executionOrder(outputs), outputs);

  test("takes over no operand, but gives a dead buffer to the next tensor of its shape", () => {
    const x = new Graph().input("x", [10]);
    // exp(x), tanh, exp lie in two buffers by turns; the fourth is an output
    expect(plan(mul(exp(tanh(exp(x))), 2))).toEqual([
      { bytes: 40, from: 0, to: 3 },
      { bytes: 40, from: 1, to: 2 },
    ]);
  });

  test("holds a dead buffer until then, and gives it to no other shape", () => {
    const x = new Graph().input("x", [4, 4]);
    const early = exp(x); // dies when w is made, and is wanted again at the end
    const w = reduceSum(early, [1], true); // [4, 1]
    const late = matmul(matmul(w, reshape(exp(w), [1, 4])), x);
    expect(plan(late)).toEqual([
      { bytes: 64, from: 0, to: 5 },
      { bytes: 16, from: 1, to: 4 },
      { bytes: 16, from: 2, to: 4 },
    ]);
  });

  test("a view shares its operand's buffer", () => {
    const x = new Graph().input("x", [10]);
    expect(plan(exp(reshape(exp(x), [2, 5])))).toEqual([{ bytes: 40, from: 0, to: 2 }]);
  });
});

test("executionOrder() computes operands first, and the gradients of the last layer before those of the first", () => {
  const graph = new Graph();
  const x = graph.input("x", [3, 3]);
  const weights = ["a", "b"].map((name) => graph.input(name, [3, 3]));
  const loss = reduceSum(weights.reduce<Tensor>((h, w) => tanh(matmul(h, w)), x));
  const [da, db] = gradients(loss, weights);
  const order = executionOrder([loss, da!, db!]);
  const at = (tensor: Tensor) => order.findIndex(({ outputs }) => outputs.includes(tensor));
  for (const [k, { inputs }] of order.entries())
    for (const input of inputs) if (input.origin.kind === "call") expect(at(input)).toBeLessThan(k);
  expect(at(loss)).toBeLessThan(at(db!));
  expect(at(db!)).toBeLessThan(at(da!));
  expect(arenaBytes([loss, da!, db!])).toBeGreaterThan(0);
});

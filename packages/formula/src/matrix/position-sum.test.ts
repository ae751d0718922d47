/** Sums at each position of a kernel, by hand. */
import { describe, expect, test } from "vitest";
import { program, runFused, runReference, type TestTensor } from "../testing/harness.ts";

describe.each([
  ["reference", runReference],
  ["fused", runFused],
] as const)("positionSum() on the %s engine", (_, run) => {
  const sums = (tensor: TestTensor) =>
    run(program("theta = positionSum(g)"), [{ hyper: {}, tensors: [tensor] }])[0]![0]!.theta;

  test("keeps the positions of a kernel [outputs, inputs, height, width] apart", () => {
    // [2, 2, 1, 2]: the even elements lie at the first position, the odd ones at the second
    const g = [1, 10, 2, 20, 3, 30, 4, 40];
    const theta = new Array<number>(8).fill(0);
    expect(sums({ shape: [2, 2, 1, 2], slots: { theta, g } })).toEqual([10, 100, 10, 100, 10, 100, 10, 100]);
  });

  test("is the sum of all for a matrix and a vector, which have one position", () => {
    const g = [1, 2, 3, 4, 5, 6];
    const theta = new Array<number>(6).fill(0);
    for (const shape of [[2, 3], [6]]) {
      expect(sums({ shape, slots: { theta, g } })).toEqual([21, 21, 21, 21, 21, 21]);
    }
  });

  test("refuses matrices without a column for each of the parameter's", () => {
    expect(() => program("theta = positionSum(rowSum(g))")).toThrow(/this is rows × 1/);
  });
});

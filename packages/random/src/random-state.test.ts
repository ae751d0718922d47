import { describe, expect, it } from "vitest";
import { RandomState } from "./random-state.ts";

// numpy: RandomState(42).random_sample(3), RandomState(7).normal(size=3), RandomState(7).permutation(10)
describe("RandomState", () => {
  it("draws what NumPy's draws from the same seed", () => {
    const uniform = new RandomState(42);
    expect([0, 0, 0].map(() => uniform.uniform())).toEqual([
      0.3745401188473625, 0.9507143064099162, 0.7319939418114051,
    ]);
    const normal = new RandomState(7);
    for (const value of [1.690525703800356, -0.4659373705408328, 0.0328201636785844])
      expect(normal.normal()).toBeCloseTo(value, 14);
    expect(new RandomState(7).permutation(10)).toEqual([8, 5, 0, 2, 1, 9, 7, 3, 6, 4]);
  });
});

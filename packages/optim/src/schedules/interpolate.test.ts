import { expect, test } from "vitest";
import { alongCosine, halfCosine, linearly } from "./interpolate.ts";

test("halfCosine() is exact at both ends and in the middle", () => {
  expect([halfCosine(0, 10), halfCosine(5, 10), halfCosine(10, 10)]).toEqual([1, 0.5, 0]);
});

test("halfCosine() keeps its digits one step before the end of a long curve", () => {
  // 1 − cos x = x²/2 − x⁴/24 + …, so (1 + cos π(T−1)/T)/2 = (π/2T)² to within a relative 1e-18 at T = 1e9.
  const T = 1e9;
  const exact = (Math.PI / (2 * T)) ** 2;
  expect(Math.abs(halfCosine(T - 1, T) / exact - 1)).toBeLessThan(1e-15);
  expect((1 + Math.cos((Math.PI * (T - 1)) / T)) / 2).toBe(0); // what the plain form has left of it
});

test("linearly() and alongCosine() start and end on their values exactly", () => {
  for (const go of [linearly, alongCosine]) {
    expect(go(0.04, 1, 0, 7)).toBe(0.04);
    expect(go(0.04, 4e-6, 7, 7)).toBe(4e-6);
  }
  expect(linearly(0.2, 1, 2, 8)).toBeCloseTo(0.4, 15); // 0.2 + 0.8 · 2/8
});

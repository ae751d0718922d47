import { expect, test } from "vitest";
import { testRates } from "./rates.ts";

test("testRates() spans the range by equal factors or differences, both ends exact", () => {
  const range = { from: 1e-3, to: 10, steps: 101 };
  const exponential = testRates(range);
  expect([exponential[0], exponential[100]]).toEqual([1e-3, 10]);
  expect(exponential[25]).toBeCloseTo(1e-2, 15); // a quarter of four decades
  const linear = testRates({ from: 1, to: 3, steps: 21, spacing: "linear" });
  expect([linear[0], linear[10], linear[20]]).toEqual([1, 2, 3]);
});

test("testRates() counts progress as fastai and Lightning do", () => {
  const range = { from: 1, to: 2 ** 20, steps: 20 };
  const exponents = (progress: "fastai" | "lightning") =>
    [...testRates({ ...range, progress })].map((rate) => Number(Math.log2(rate).toFixed(12)));
  expect(exponents("fastai")).toEqual(Array.from({ length: 20 }, (_, i) => i)); // i/n, one short of the end
  expect(exponents("lightning")).toEqual([0, ...Array.from({ length: 19 }, (_, i) => i + 2)]); // (i+1)/n after the first
});

test.each([
  [{ from: 0, to: 1, steps: 50 }, "from 0 to 1"],
  [{ from: 1, to: 1, steps: 50 }, "from 1 to 1"],
  [{ from: Number.NaN, to: 1, steps: 50 }, "from NaN to 1"],
  [{ from: 1, to: Number.POSITIVE_INFINITY, steps: 50 }, "to Infinity"],
  [{ from: 1e-3, to: 1, steps: 19 }, "at least 20: current value is 19"],
  [{ from: 1e-3, to: 1, steps: 50.5 }, "current value is 50.5"],
])("testRates() refuses %j", (range, message) => {
  expect(() => testRates(range)).toThrow(RangeError);
  expect(() => testRates(range)).toThrow(message);
});

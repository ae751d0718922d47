import { expect, test } from "vitest";
import expected from "../../fixtures/statistics.json" with { type: "json" };
import { bootstrapMean, enumerateMeans, meanOf, quantile } from "./bootstrap.ts";

test("bootstrapMean() equals scipy's BCa on the whole resampling distribution", () => {
  // Five values or fewer are enumerated by both sides, so only rounding separates them.
  for (const { values, interval } of expected.bcaEnumerated.filter(({ values }) => values.length <= 5)) {
    const ours = bootstrapMean(values, 0).interval;
    expect(ours?.low).toBeCloseTo(interval[0] ?? Number.NaN, 9);
    expect(ours?.high).toBeCloseTo(interval[1] ?? Number.NaN, 9);
  }
});

test("bootstrapMean() of 10 000 draws is within Monte-Carlo error of scipy's with a million", () => {
  // A 2.5 % quantile of B draws has standard error √(0.025·0.975/B)/0.0584 = 0.027 standard errors of the mean at B = 10⁴, and z₀'s own
  // error of 0.0125 moves it by twice that: together 0.037. Four of those are allowed. n = 6 compares with all 6⁶ resamples.
  const enumerated = expected.bcaEnumerated
    .filter(({ values }) => values.length > 5)
    .map(({ values, interval }) => ({ values, interval, standardError: standardError(values) }));
  const cases = [...expected.bcaDrawn, ...enumerated];
  expect(cases).toHaveLength(4);
  for (const { values, interval, standardError } of cases) {
    const ours = bootstrapMean(values, 3).interval;
    expect(Math.abs((ours?.low ?? Number.NaN) - interval[0]!) / standardError).toBeLessThan(0.15);
    expect(Math.abs((ours?.high ?? Number.NaN) - interval[1]!) / standardError).toBeLessThan(0.15);
  }
});

test("bootstrapMean() is a pure function of values and seed", () => {
  const values = [0.3, 1.2, 0.7, 2.9, 0.1, 0.5, 0.8];
  expect(bootstrapMean(values, 5)).toEqual(bootstrapMean(values, 5));
  expect(bootstrapMean(values, 5).interval).not.toEqual(bootstrapMean(values, 6).interval);
});

test("bootstrapMean() gives one value no interval and equal values one of zero width", () => {
  expect(bootstrapMean([0.9], 0)).toEqual({ mean: 0.9, interval: null, note: "one run has no interval" });
  const equal = bootstrapMean([0.1, 0.1, 0.1], 0);
  expect(equal.mean).toBe(0.1);
  expect(equal.interval).toEqual({ low: 0.1, high: 0.1 });
});

test("bootstrapMean() refuses what it cannot average", () => {
  expect(() => bootstrapMean([], 0)).toThrow(/at least one/);
  expect(() => bootstrapMean([1, Number.NaN], 0)).toThrow(/finite values.*\[1, NaN\]/);
});

test("enumerateMeans() lists all n^n resamples", () => {
  expect([...enumerateMeans([0, 2])].sort()).toEqual([0, 1, 1, 2]); // aa, ab, ba, bb
});

test("quantile() interpolates between order statistics", () => {
  const sorted = Float64Array.of(1, 2, 4);
  expect(quantile(sorted, 0)).toBe(1);
  expect(quantile(sorted, 0.75)).toBe(3); // position 1.5: half way from 2 to 4
  expect(quantile(sorted, 1)).toBe(4);
});

test("meanOf() averages equal values to themselves", () => {
  expect(meanOf([0.1, 0.1, 0.1])).toBe(0.1); // a plain sum gives 0.30000000000000004 / 3
});

function standardError(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0)) / values.length;
}

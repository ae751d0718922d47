import { expect, test } from "vitest";
import { median, summarize } from "./summary.ts";

test("summarize() gives mean, median, range and an interval that contains the mean", () => {
  const summary = summarize([0.97, 0.99, 0.98], { better: "higher", seed: 1 });
  expect(summary).toMatchObject({ n: 3, diverged: 0, median: 0.98, range: [0.97, 0.99], note: "" });
  expect(summary.mean).toBeCloseTo(0.98, 12);
  expect(summary.interval?.low).toBeLessThan(0.98);
  expect(summary.interval?.high).toBeGreaterThan(0.98);
});

test("summarize() counts diverged runs as worst, keeps them in the median, and gives no mean", () => {
  const losses = summarize([0.2, Number.NaN, 0.1], { better: "lower", seed: 1 });
  expect(losses).toMatchObject({
    n: 3,
    diverged: 1,
    median: 0.2,
    mean: null,
    interval: null,
    range: [0.1, 0.2],
  });
  expect(losses.note).toBe("1 of 3 runs diverged, so there is no mean");
  expect(summarize([0.9, Number.NaN, 0.8], { better: "higher", seed: 1 }).median).toBe(0.8);
  const all = summarize([Number.NaN, Number.POSITIVE_INFINITY], { better: "higher", seed: 1 });
  expect(all).toMatchObject({ diverged: 2, median: null, range: null });
});

test("summarize() survives JSON", () => {
  const summary = summarize([0.2, Number.NaN], { better: "lower", seed: 1 });
  expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
});

test("summarize() refuses an empty list", () => {
  expect(() => summarize([], { better: "lower", seed: 1 })).toThrow(/at least one/);
});

test("median() averages the middle pair and takes infinities", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([1, Number.POSITIVE_INFINITY])).toBe(Number.POSITIVE_INFINITY);
  expect(median([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBe(Number.NEGATIVE_INFINITY);
});

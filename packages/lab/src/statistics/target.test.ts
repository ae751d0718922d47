import { expect, test } from "vitest";
import { costAtTarget, summarizeCosts } from "./target.ts";

const curve = [
  { cost: 0, value: 0.1 },
  { cost: 100, value: 0.96 },
  { cost: 200, value: 0.94 },
  { cost: 300, value: 0.97 },
];

test("costAtTarget() is the first evaluation at or past the target, without interpolation", () => {
  expect(costAtTarget(curve, 0.96, "higher")).toBe(100);
  expect(costAtTarget(curve, 0.5, "higher")).toBe(100); // crossed somewhere before, seen at 100
  expect(costAtTarget(curve, 0.1, "lower")).toBe(0);
});

test("costAtTarget() is Infinity for a miss, and a value that is not finite never reaches", () => {
  expect(costAtTarget(curve, 0.98, "higher")).toBe(Number.POSITIVE_INFINITY);
  const broken = [
    { cost: 1, value: Number.POSITIVE_INFINITY },
    { cost: 2, value: null },
    { cost: 3, value: Number.NaN },
  ];
  expect(costAtTarget(broken, 0, "higher")).toBe(Number.POSITIVE_INFINITY);
});

test("summarizeCosts() counts misses and keeps them in the median", () => {
  expect(summarizeCosts([100, Number.POSITIVE_INFINITY, 300])).toEqual({ n: 3, misses: 1, median: 300 });
  const missed = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 100];
  expect(summarizeCosts(missed)).toEqual({ n: 3, misses: 2, median: null });
});

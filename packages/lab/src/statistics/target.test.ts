import { expect, test } from "vitest";
import { firstStepAt, summarizeSteps } from "./target.ts";

const curve = [
  { step: 0, value: 0.1 },
  { step: 100, value: 0.96 },
  { step: 200, value: 0.94 },
  { step: 300, value: 0.97 },
];

test("firstStepAt() is the first evaluation at or past the target, without interpolation", () => {
  expect(firstStepAt(curve, 0.96, "higher")).toBe(100);
  expect(firstStepAt(curve, 0.5, "higher")).toBe(100); // crossed somewhere before, seen at 100
  expect(firstStepAt(curve, 0.1, "lower")).toBe(0);
});

test("firstStepAt() is Infinity for a miss, and a value that is not finite never reaches", () => {
  expect(firstStepAt(curve, 0.98, "higher")).toBe(Number.POSITIVE_INFINITY);
  const broken = [
    { step: 1, value: Number.POSITIVE_INFINITY },
    { step: 2, value: null },
    { step: 3, value: Number.NaN },
  ];
  expect(firstStepAt(broken, 0, "higher")).toBe(Number.POSITIVE_INFINITY);
});

test("summarizeSteps() counts misses and keeps them in the median", () => {
  expect(summarizeSteps([100, Number.POSITIVE_INFINITY, 300])).toEqual({ n: 3, misses: 1, median: 300 });
  const missed = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 100];
  expect(summarizeSteps(missed)).toEqual({ n: 3, misses: 2, median: null });
});

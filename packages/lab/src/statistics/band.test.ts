import { stream } from "@thalweg/random";
import { expect, test } from "vitest";
import { bandHalfWidth, outsideBand } from "./band.ts";

test("bandHalfWidth() of few rules is what Student's t asks for", () => {
  // One rule: t(1) = 12.706. Two rules that differ by 1 and 3: t(2) = 4.303 times the root of (1 + 9)/2; both over √2.
  expect(bandHalfWidth([[1, 1, 1]], 5)).toBeCloseTo(12.7062 / Math.SQRT2, 4);
  const two = [
    [1, 1, 1],
    [-3, -3, -3],
  ];
  expect(bandHalfWidth(two, 5)).toBeCloseTo((4.30265 * Math.sqrt(5)) / Math.SQRT2, 4);
});

test("bandHalfWidth() of many rules is the 95th percentile of the sizes", () => {
  // Every resample of equal differences has the same mean: 0.1, 0.2 … 2; position 0.95 · 199 999 is 0.05 of the way from 1.9 to 2.
  const lists = Array.from({ length: 20 }, (_, k) => [(k + 1) / 10, (k + 1) / 10]);
  expect(bandHalfWidth(lists, 5)).toBeCloseTo(1.905, 6);
});

test("bandHalfWidth() of independent normal differences is near 1.96 √2 standard errors", () => {
  // The mean of a resample varies about a mean that varies as much itself: together √2 standard errors.
  const draws = stream(11, "normal differences");
  const n = 20;
  const lists = Array.from({ length: 300 }, () => Array.from({ length: n }, () => draws.normal()));
  expect(bandHalfWidth(lists, 1)! * Math.sqrt(n)).toBeCloseTo(1.96 * Math.SQRT2, 0); // ± 0.5, thrice the error of 300 rules
});

test("bandHalfWidth() leaves out rules without a mean, and is null when none is left", () => {
  expect(
    bandHalfWidth(
      [
        [1, 1],
        [Number.NaN, 9],
      ],
      5,
    ),
  ).toBe(bandHalfWidth([[1, 1]], 5));
  expect(bandHalfWidth([[Number.NaN, 9], []], 5)).toBeNull();
});

test("outsideBand() needs the whole interval on one side", () => {
  expect(outsideBand({ low: 0.3, high: 0.5 }, 0.2)).toBe("higher");
  expect(outsideBand({ low: -0.5, high: -0.3 }, 0.2)).toBe("lower");
  expect(outsideBand({ low: 0.1, high: 0.5 }, 0.2)).toBeNull();
  expect(outsideBand({ low: -0.5, high: 0.5 }, 0.2)).toBeNull();
});

import { stream } from "@thalweg/random";
import { expect, test } from "vitest";
import { bandHalfWidth, outsideBand } from "./band.ts";

test("bandHalfWidth() of equal differences is their size, and the larger rule decides", () => {
  // Every resample of equal differences has the same mean: half the sizes are 1, half 3, so the 95th percentile is 3.
  expect(bandHalfWidth([[1, 1, 1]], 5)).toBe(1);
  expect(
    bandHalfWidth(
      [
        [1, 1, 1],
        [-3, -3, -3],
      ],
      5,
    ),
  ).toBe(3);
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
  ).toBe(1);
  expect(bandHalfWidth([[Number.NaN, 9], []], 5)).toBeNull();
});

test("outsideBand() needs the whole interval on one side", () => {
  expect(outsideBand({ low: 0.3, high: 0.5 }, 0.2)).toBe("higher");
  expect(outsideBand({ low: -0.5, high: -0.3 }, 0.2)).toBe("lower");
  expect(outsideBand({ low: 0.1, high: 0.5 }, 0.2)).toBeNull();
  expect(outsideBand({ low: -0.5, high: 0.5 }, 0.2)).toBeNull();
});

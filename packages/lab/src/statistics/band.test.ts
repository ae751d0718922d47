import { stream } from "@thalweg/random";
import { expect, test } from "vitest";
import { bandPercentile, outsideBand, pairBand, usualBand } from "./band.ts";

test("bandPercentile() is the 95th percentile of the sizes", () => {
  // Every resample of equal differences has the same mean: 0.1, 0.2 … 2; position 0.95 · 199 999 is 0.05 of the way from 1.9 to 2.
  const lists = Array.from({ length: 20 }, (_, k) => [(k + 1) / 10, (k + 1) / 10]);
  expect(bandPercentile(lists, 5)).toBeCloseTo(1.905, 6);
});

test("bandPercentile() leaves out rules without a mean, and is null when none is left", () => {
  expect(
    bandPercentile(
      [
        [1, 1],
        [Number.NaN, 9],
      ],
      5,
    ),
  ).toBe(1);
  expect(bandPercentile([[Number.NaN, 9], []], 5)).toBeNull();
});

test("pairBand() is the half-width of the two-sample t-interval of search means", () => {
  // scipy.stats.ttest_ind([1.0, 1.6], [3.1, 2.7]).confidence_interval() has the half-width 1.5513435; t(2) = 4.302653, s² = 0.18 and 0.08.
  expect(pairBand([[0.6], [-0.4]], null, 2)).toBeCloseTo(1.55134, 4);
  // Three searches each, ttest_ind([1, 2, 4], [5, 5, 8]): 3.7019268.
  expect(
    pairBand(
      [
        [1, 3, 2],
        [0, 3, 3],
      ],
      null,
      3,
    ),
  ).toBeCloseTo(3.70193, 4);
});

test("pairBand() is at least the usual band, and that where neither's searches are known", () => {
  expect(pairBand([[0], [0]], 0.5, 2)).toBe(0.5);
  expect(pairBand([[], []], 0.5, 2)).toBe(0.5);
  expect(pairBand([[], []], null, 2)).toBeNull();
});

test("pairBand() knows of no noise where nothing is searched", () => {
  expect(pairBand([null, null], 0.5, 2)).toBe(0);
  // One rule's noise with one degree of freedom: t(1) = 12.7062 times the root of its variance 0.18 over 2.
  expect(pairBand([[0.6], null], null, 2)).toBeCloseTo(12.7062 * Math.sqrt(0.18 / 2), 4);
});

test("usualBand() is that of a usual rule, whatever one of them does", () => {
  const means = [0.3, -0.2, 0.25, -0.35, 0.1];
  // median 0.25, t(5) = 2.570582
  expect(usualBand(means, 2)).toBeCloseTo((2.570582 * 0.25) / 0.6745 / Math.SQRT2, 6);
  expect(usualBand([0.3, -0.2, 0.25, -900, 0.1], 2)).toBe(usualBand(means, 2));
  expect(usualBand([], 2)).toBeNull();
});

test("pairBand() makes few false claims where rules are alike, and not many where one is thirty times as noisy", () => {
  const draws = stream(3, "search means");
  const falseClaims = (noise: readonly number[], first: number, second: number): number => {
    const studies = 2000;
    let claims = 0;
    for (let study = 0; study < studies; study += 1) {
      const searches = noise.map((sd) => [sd * draws.normal(), sd * draws.normal()] as const);
      const apart = searches.map(([a, b]) => a - b);
      const [x, y] = [searches[first]!, searches[second]!];
      const difference = (x[0] + x[1] - y[0] - y[1]) / 2;
      const band = pairBand([[apart[first]!], [apart[second]!]], usualBand(apart, 2), 2)!;
      if (Math.abs(difference) > band) claims += 1;
    }
    return claims / studies;
  };
  const alike = Array<number>(15).fill(1);
  const noisy = [...alike.slice(1), 30];
  expect(falseClaims(alike, 0, 1)).toBeLessThan(0.05 + 0.015); // three errors of √(0.05 · 0.95 / 2000)
  expect(falseClaims(noisy, 0, 1)).toBeLessThan(0.05 + 0.015);
  expect(falseClaims(noisy, 0, 14)).toBeLessThan(0.145 + 0.024); // 2/π atan(1/t(2)): one degree of freedom where two are taken
});

test("outsideBand() needs the whole interval on one side", () => {
  expect(outsideBand({ low: 0.3, high: 0.5 }, 0.2)).toBe("higher");
  expect(outsideBand({ low: -0.5, high: -0.3 }, 0.2)).toBe("lower");
  expect(outsideBand({ low: 0.1, high: 0.5 }, 0.2)).toBeNull();
  expect(outsideBand({ low: -0.5, high: 0.5 }, 0.2)).toBeNull();
});

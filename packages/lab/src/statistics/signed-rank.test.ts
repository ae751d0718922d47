import { expect, test } from "vitest";
import expected from "../../fixtures/study-statistics.json" with { type: "json" };
import { pairsNeeded, signedRankP, smallestP } from "./signed-rank.ts";

test("signedRankP() equals scipy's exact permutation p, with ties and zeros", () => {
  for (const { d, p } of expected.wilcoxon) expect(signedRankP(d)).toBeCloseTo(p, 12);
});

test("signedRankP() attains its smallest p when all signs agree, however large", () => {
  expect(signedRankP([1, 2, 3, 4, 5, 6])).toBeCloseTo(smallestP(6), 15);
  const infinite = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0.2, 0.1, 0.3, 0.4];
  expect(signedRankP(infinite)).toBeCloseTo(2 ** -5, 15);
  expect(signedRankP([0, 0])).toBe(1);
});

test("pairsNeeded() is the first size at which the smallest p survives Holm's correction", () => {
  for (const family of [1, 3, 28, 105]) {
    const n = pairsNeeded(family);
    expect(family * smallestP(n)).toBeLessThanOrEqual(0.05);
    expect(family * smallestP(n - 1)).toBeGreaterThan(0.05);
  }
});

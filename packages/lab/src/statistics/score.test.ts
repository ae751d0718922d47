import fc from "fast-check";
import { expect, test } from "vitest";
import expected from "../../fixtures/study-statistics.json" with { type: "json" };
import { interquartileMean, normalisedScore, optimalityGap } from "./score.ts";

test("interquartileMean() equals scipy's trim_mean at a quarter", () => {
  for (const { values, iqm } of expected.trimmed) expect(interquartileMean(values)).toBeCloseTo(iqm, 12);
});

test("interquartileMean() with weights equals that of the values written out", () => {
  const entry = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 0, max: 4 }));
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 30 }), (entries) => {
      fc.pre(entries.some(([, weight]) => weight > 0));
      const written = entries.flatMap(([value, weight]) => Array<number>(weight).fill(value));
      const weighted = interquartileMean(
        entries.map(([value]) => value),
        entries.map(([, weight]) => weight),
      );
      expect(weighted).toBeCloseTo(interquartileMean(written), 10);
    }),
    { seed: 7 },
  );
});

test("normalisedScore() is 0 at the start and below, 1 at the best, either way up", () => {
  expect(normalisedScore(2.3, 2.3, 0.1)).toBe(0);
  expect(normalisedScore(5, 2.3, 0.1)).toBe(0);
  expect(normalisedScore(0.1, 2.3, 0.1)).toBe(1);
  expect(normalisedScore(0.55, 0.1, 1)).toBeCloseTo(0.5, 12); // an accuracy from 10 % of at most 100 %
  expect(normalisedScore(null, 2.3, 0.1)).toBe(0);
  expect(normalisedScore(Number.NaN, 2.3, 0.1)).toBe(0);
  expect(() => normalisedScore(1, 2, 2)).toThrow(/must be finite and differ/);
});

test("optimalityGap() does not reward what is above 1", () => {
  expect(optimalityGap([0.5, 1.5])).toBeCloseTo(0.25, 12);
  expect(optimalityGap([0.5, 1.5], [3, 1])).toBeCloseTo(0.375, 12);
});

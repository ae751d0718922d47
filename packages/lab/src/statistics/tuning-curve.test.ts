import fc from "fast-check";
import { expect, test } from "vitest";
import expected from "../../fixtures/study-statistics.json" with { type: "json" };
import { bestOfCurve, winningChances } from "./tuning-curve.ts";

const infinite = (value: number | null) => value ?? Number.POSITIVE_INFINITY;

test("bestOfCurve() equals the enumeration of all choices, with and without diverged trials", () => {
  for (const { validation, test: values, best } of expected.pools) {
    const pool = values.map((value, i) => ({
      validation: infinite(validation[i] ?? null),
      test: infinite(value),
    }));
    const curve = bestOfCurve(
      pool,
      best.map(({ k }) => k),
      1,
    );
    best.forEach(({ k, mean, median }, at) => {
      const ours = curve[at]!;
      if (mean === null) expect(ours.mean, `k ${k}`).toBeNull();
      else expect(ours.mean, `k ${k}`).toBeCloseTo(mean, 12);
      if (median === null) expect(ours.median, `k ${k}`).toBeNull();
      else expect(ours.median, `k ${k}`).toBeCloseTo(median, 12);
    });
  }
});

test("winningChances() sum to 1 and give the only choice everything", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 150 }), (a, b) => {
      const [k, N] = [Math.min(a, b), Math.max(a, b)];
      const chances = winningChances(N, k);
      expect(chances.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 12);
      if (k === N) expect(chances[0]).toBeCloseTo(1, 12);
      expect(chances.every((w) => w >= -1e-15)).toBe(true);
    }),
    { seed: 7 },
  );
});

test("bestOfCurve() gives an interval around the median that narrows as the best is found more surely", () => {
  const pool = Array.from({ length: 40 }, (_, i) => ({ validation: i, test: 1 + i }));
  const [one, many] = bestOfCurve(pool, [1, 20], 3);
  expect(one!.low!).toBeLessThan(one!.median!);
  expect(one!.high!).toBeGreaterThan(one!.median!);
  expect(many!.high! - many!.low!).toBeLessThan(one!.high! - one!.low!);
  expect(bestOfCurve(pool, [1, 20], 3)).toEqual([one, many]);
});

test("bestOfCurve() refuses a budget beyond the pool", () => {
  expect(() => bestOfCurve([{ validation: 1, test: 1 }], [2], 1)).toThrow(/from 1 to the pool's 1/);
});

import { expect, test } from "vitest";
import { eachDraw, percentileInterval, runsOf } from "./stratified.ts";

const strata = [
  { searches: 2, seeds: 5 },
  { searches: 1, seeds: 3 },
];

test("eachDraw() takes as many runs of each task as there are, whole seeds and whole searches", () => {
  let draws = 0;
  eachDraw(
    strata,
    3,
    (weights) => {
      draws += 1;
      expect(weights).toHaveLength(runsOf(strata));
      const first = weights.subarray(0, 10);
      expect(first.reduce((sum, w) => sum + w, 0)).toBe(10);
      expect(weights.subarray(10).reduce((sum, w) => sum + w, 0)).toBe(3);
      // Searches and seeds are drawn apart, so the table of weights has rank one.
      for (let s = 1; s < 5; s += 1) expect(first[0]! * first[5 + s]!).toBe(first[s]! * first[5]!);
    },
    { draws: 200 },
  );
  expect(draws).toBe(200);
});

test("eachDraw() gives each run the weight 1 on average, and the same draws for the same seed", () => {
  const sums = new Float64Array(runsOf(strata));
  const of = (seed: number) => {
    const seen: number[][] = [];
    eachDraw(strata, seed, (weights) => seen.push([...weights]), { draws: 50 });
    return seen;
  };
  expect(of(1)).toEqual(of(1));
  expect(of(1)).not.toEqual(of(2));
  eachDraw(strata, 3, (weights) => {
    for (let i = 0; i < sums.length; i += 1) sums[i]! += weights[i]! / 10_000;
  });
  for (const sum of sums) expect(Math.abs(sum - 1)).toBeLessThan(0.06); // four standard errors of ≈ 1.4/100
});

test("eachDraw() draws whole tasks where it is asked to, as many as there are", () => {
  const seen = new Set<string>();
  eachDraw(
    strata,
    3,
    (weights) => {
      const sums = [weights.subarray(0, 10), weights.subarray(10)].map((of) =>
        of.reduce((sum, w) => sum + w, 0),
      );
      const times = [sums[0]! / 10, sums[1]! / 3];
      expect(times[0]! + times[1]!).toBe(2);
      seen.add(times.join());
    },
    { draws: 100, drawStrata: true },
  );
  expect([...seen].sort()).toEqual(["0,2", "1,1", "2,0"]);
});

test("percentileInterval() is null where a bound is infinite", () => {
  expect(percentileInterval(Float64Array.of(3, 1, 2))).toEqual({ low: 1.05, high: 2.95 });
  expect(percentileInterval(Float64Array.of(1, Number.POSITIVE_INFINITY))).toBeNull();
});

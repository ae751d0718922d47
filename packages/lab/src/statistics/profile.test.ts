import { expect, test } from "vitest";
import { algoperfScore, profileAt, profileScore, ratiosToFastest } from "./profile.ts";
import { median } from "./summary.ts";

const inf = Number.POSITIVE_INFINITY;

// AlgoPerf 0.6, external tuning: best times of the three studies, in seconds, from the published logs (mlcommons/submissions_algorithms).
const BASELINE = [
  [7491.487, 7490.8, 7619.2],
  [2007.4, 873.26, 757.3],
  [inf, inf, inf],
  [inf, inf, inf],
  [inf, inf, inf],
  [inf, inf, inf],
  [5060.2, 4336.8, 4575.802],
  [35319.429, 35317.3, 36147.3],
];
const SHAMPOO = [
  [inf, 7692.308, 7575.7],
  [640.769, 542.5, 1727.8],
  [inf, inf, inf],
  [41094.598, 37739.5, 43187.1],
  [inf, inf, inf],
  [inf, 37491.7, inf],
  [2652.8, 2890.1, 2868.328],
  [32757.0, 41139.3, 33604.822],
];

test("profileScore() and algoperfScore() give the scores that AlgoPerf published for Shampoo and its baseline", () => {
  const [baseline, shampoo] = ratiosToFastest([BASELINE.map(median), SHAMPOO.map(median)]);
  expect(profileScore(shampoo!)).toBeCloseTo(0.6239, 4);
  expect(profileScore(baseline!)).toBeCloseTo(0.458, 4);
  expect(algoperfScore(shampoo!)).toBeCloseTo(0.6244, 4); // as on the leaderboard
  expect(algoperfScore(baseline!)).toBeCloseTo(0.459, 4);
});

test("ratiosToFastest() count a task that nobody reaches for nobody", () => {
  const [a, b] = ratiosToFastest([
    [100, inf],
    [300, inf],
  ]);
  expect([...a!]).toEqual([1, inf]);
  expect([...b!]).toEqual([3, inf]);
  expect(profileAt(a!, 4)).toBe(0.5);
  expect(profileAt(b!, 2.9)).toBe(0);
  expect(profileScore(b!)).toBeCloseTo((4 - 3) / 3 / 2, 12);
});

import { expect, test } from "vitest";
import expected from "../../fixtures/study-statistics.json" with { type: "json" };
import { criticalDifference, friedman, meanRanks, rankGroups, ranksOf } from "./ranks.ts";
import { pairsNeeded } from "./signed-rank.ts";

test("friedman() equals scipy's, with and without ties", () => {
  for (const { rows, statistic, p } of expected.friedman) {
    const ours = friedman(rows.map((row) => ranksOf(row)));
    expect(ours?.statistic).toBeCloseTo(statistic, 9);
    expect(ours?.p).toBeCloseTo(p, 7);
  }
  expect(friedman([ranksOf([1, 1, 1]), ranksOf([2, 2, 2])])).toBeNull();
});

test("ranksOf() shares ranks among ties and puts what is not finite last", () => {
  expect(ranksOf([3, 1, 1, Number.NaN, 2])).toEqual([4, 1.5, 1.5, 5, 3]);
  expect(ranksOf([Number.NaN, 1, Number.POSITIVE_INFINITY])).toEqual([2.5, 1, 2.5]);
});

// Demšar's table 5 gives q; the rest is arithmetic. Columns: N = 6, 8, 12, 20; then the fewest tasks for Holm-Wilcoxon at 0.05.
const TABLE = [
  { k: 3, at: [1.35, 1.17, 0.96, 0.74], tasks: 7 },
  { k: 4, at: [1.91, 1.66, 1.35, 1.05], tasks: 8 },
  { k: 5, at: [2.49, 2.16, 1.76, 1.36], tasks: 9 },
  { k: 6, at: [3.08, 2.67, 2.18, 1.69], tasks: 10 },
  { k: 8, at: [4.29, 3.71, 3.03, 2.35], tasks: 11 },
  { k: 10, at: [5.53, 4.79, 3.91, 3.03], tasks: 11 },
  { k: 15, at: [8.76, 7.58, 6.19, 4.8], tasks: 13 },
];

test.each(TABLE)("criticalDifference() and pairsNeeded() for $k rules", ({ k, at, tasks }) => {
  [6, 8, 12, 20].forEach((N, column) => {
    // The table was made from q rounded to three decimals, which moves its last digit where it falls between two.
    expect(Math.abs(criticalDifference(k, N) - at[column]!)).toBeLessThan(0.0075);
  });
  expect(pairsNeeded((k * (k - 1)) / 2)).toBe(tasks);
});

test("rankGroups() are the largest sets of neighbours within the difference", () => {
  const means = [1.2, 4, 2, 2.9, 6];
  expect(rankGroups(means, 1)).toEqual([
    [0, 2],
    [2, 3],
  ]);
  expect(rankGroups(means, 1.75)).toEqual([
    [0, 2, 3],
    [3, 1],
  ]);
  expect(rankGroups(means, 10)).toEqual([[0, 2, 3, 1, 4]]);
  expect(rankGroups([1, 3], 1)).toEqual([]);
});

test("meanRanks() average over tasks", () => {
  expect(
    meanRanks([
      [1, 2],
      [2, 1],
      [1, 2],
    ]),
  ).toEqual([4 / 3, 5 / 3]);
});

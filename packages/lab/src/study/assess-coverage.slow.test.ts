import { expect, test } from "vitest";
import { LOSS, madeUpStudy } from "../../fixtures/made-up-study.ts";
import { bandOf } from "./assess-bands.ts";
import { assessCell } from "./assess-cell.ts";
import { judgeTogether } from "./assess-differences.ts";
import { type ConditionLines, indexStudy } from "./assess-index.ts";
import { pairUnder } from "./assess-pairs.ts";
import type { Difference } from "./assessment.ts";

/**
 * How often a verdict is wrong, over 400 studies that differ in their noise alone. Every bound is three standard errors of a share p over
 * 400, 3 √(p(1 − p)/400), from what should be.
 */
const STUDIES = 400;

/** One trial of one rate, so that the searches of a rule differ by luck alone and the planted effect is the true one. */
function differences(effect: number, luck: number): Difference[] {
  return Array.from({ length: STUDIES }, (_, seed) => {
    const study = madeUpStudy({
      rules: [{ name: "adamw" }, { name: "sgd", effect }],
      tasks: [{ name: "one", metric: LOSS }],
      ...{ trials: 1, seeds: 12, luck, own: 0.01, shared: 0.02, seed },
    });
    const [{ of, cells: lines, ...place }] = indexStudy(study) as [ConditionLines];
    const cells = lines.map((cell) => assessCell(cell, of.metric, study.seed));
    const searched = new Set(["adamw", "sgd"]);
    const band = bandOf(cells, searched, study.seed);
    const condition = { ...place, metric: of.metric, scale: null, cells, band, differences: [] };
    return judgeTogether([pairUnder(condition, "sgd", "adamw", searched)!], study.seed)[0]!;
  });
}
const shareOf = (list: readonly Difference[], holds: (difference: Difference) => boolean) =>
  list.filter(holds).length / list.length;

const planted = differences(0.05, 0);
const alike = differences(0, 0);
const lucky = differences(0, 0.02);

test("the interval of 12 paired seeds covers a planted difference as often as it should", () => {
  const covered = shareOf(planted, ({ interval }) => interval!.low <= 0.05 && interval!.high >= 0.05);
  // A bootstrap interval over few values is too narrow: 89 % at ten seeds in place of 95 (see bootstrap.ts).
  expect(covered).toBeGreaterThan(0.89 - 0.047);
  expect(covered).toBeLessThan(0.95 + 0.033);
});

test("a planted difference of five deviations is found", () => {
  expect(shareOf(planted, ({ side }) => side === "higher")).toBeGreaterThan(0.97);
});

test("rules that are alike are told apart less often than the level allows, with tuning luck or without", () => {
  expect(shareOf(alike, ({ side }) => side !== "not distinguishable")).toBeLessThan(0.05);
  expect(shareOf(lucky, ({ side }) => side !== "not distinguishable")).toBeLessThan(0.05);
});

test("without the band tuning luck would be taken for a difference, far more often than the level says", () => {
  const bySeedsAlone = shareOf(
    lucky,
    ({ interval, p }) => p! <= 0.05 && (interval!.low > 0 || interval!.high < 0),
  );
  expect(bySeedsAlone).toBeGreaterThan(0.5); // what the band is for
});

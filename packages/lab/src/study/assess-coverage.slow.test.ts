import { expect, test } from "vitest";
import { LOSS, madeUpStudy } from "../../fixtures/made-up-study.ts";
import { assessStudy } from "./assess.ts";
import type { Difference } from "./assessment.ts";

/**
 * How often a verdict is wrong, over 400 studies that differ in their noise alone. Every bound is three standard errors of a share p over
 * 400, 3 √(p(1 − p)/400), from what should be.
 */
const STUDIES = 400;

function differences(options: { effect: number; luck: number }): Difference[] {
  return Array.from({ length: STUDIES }, (_, seed) => {
    const study = madeUpStudy({
      rules: [{ name: "adamw" }, { name: "sgd", effect: options.effect, divergesAbove: 9 }],
      tasks: [{ name: "one", metric: LOSS }],
      ...{ trials: 4, seeds: 20, luck: options.luck, own: 0.01, shared: 0.02, seed },
    });
    return assessStudy(study).conditions[0]!.differences[0]!;
  });
}
const shareOf = (list: readonly Difference[], holds: (difference: Difference) => boolean) =>
  list.filter(holds).length / list.length;

test("the interval of 20 paired seeds covers a planted difference as often as it should", () => {
  const planted = differences({ effect: 0.05, luck: 0 });
  const covered = shareOf(planted, ({ interval }) => interval!.low <= 0.05 && interval!.high >= 0.05);
  // A bootstrap interval over 20 values is a little too narrow: 93 % in place of 95 (see bootstrap.ts); the bound is three errors of 1.3 % below.
  expect(covered).toBeGreaterThan(0.89);
  expect(covered).toBeLessThan(0.985);
  expect(shareOf(planted, ({ side }) => side === "higher")).toBeGreaterThan(0.97);
});

test("rules that are alike are told apart less often than the level allows, with tuning luck or without", () => {
  for (const luck of [0, 0.02]) {
    const alike = differences({ effect: 0, luck });
    expect(
      shareOf(alike, ({ side }) => side !== "not distinguishable"),
      `luck ${luck}`,
    ).toBeLessThan(0.05);
  }
});

test("without the band tuning luck would be taken for a difference, far more often than the level says", () => {
  const alike = differences({ effect: 0, luck: 0.02 });
  const bySeedsAlone = shareOf(
    alike,
    ({ interval, p }) => p! <= 0.05 && (interval!.low > 0 || interval!.high < 0),
  );
  expect(bySeedsAlone).toBeGreaterThan(0.5); // what the band is for
});

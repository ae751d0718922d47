import { expect, test } from "vitest";
import expected from "../../fixtures/study-statistics.json" with { type: "json" };
import { orderTogether, probabilityOfImprovement } from "./improvement.ts";

test("probabilityOfImprovement() is scipy's Mann-Whitney U over n m", () => {
  for (const { x, y, p } of expected.improvement) {
    expect(probabilityOfImprovement(orderTogether(x, y))).toBeCloseTo(p, 12);
    expect(probabilityOfImprovement(orderTogether(y, x))).toBeCloseTo(1 - p, 12);
  }
});

test("probabilityOfImprovement() with weights equals that of the runs written out", () => {
  const x = [3, 1, 4, 1];
  const y = [2, 7, 1, 8];
  const weights = [9, 2, 0, 1, 3]; // read from the second on
  const written = (values: number[]) =>
    values.flatMap((value, i) => Array<number>(weights[i + 1]!).fill(value));
  expect(probabilityOfImprovement(orderTogether(x, y), weights, 1)).toBeCloseTo(
    probabilityOfImprovement(orderTogether(written(x), written(y))),
    12,
  );
});

test("probabilityOfImprovement() takes runs that did not finish as worst, alike among themselves", () => {
  const lost = Number.NEGATIVE_INFINITY;
  expect(probabilityOfImprovement(orderTogether([0.2, 0.3], [lost, lost]))).toBe(1);
  expect(probabilityOfImprovement(orderTogether([lost, lost], [lost]))).toBe(0.5);
});

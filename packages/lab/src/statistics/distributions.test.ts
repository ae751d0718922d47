import { expect, test } from "vitest";
import expected from "../../fixtures/statistics.json" with { type: "json" };
import ofStudies from "../../fixtures/study-statistics.json" with { type: "json" };
import {
  chiSquareSurvival,
  normalCdf,
  normalQuantile,
  studentizedRangeQuantile,
  studentTCdf,
  studentTQuantile,
} from "./distributions.ts";

test("normalCdf() and studentTCdf() agree with scipy to 1e-7", () => {
  for (const { z, p } of expected.normalCdf) expect(Math.abs(normalCdf(z) - p)).toBeLessThan(1e-7);
  for (const { t, dof, p } of expected.studentTCdf) {
    expect(Math.abs(studentTCdf(t, dof) - p), `t ${t}, ${dof} degrees of freedom`).toBeLessThan(1e-7);
  }
});

test("normalQuantile() agrees with scipy to 1e-8", () => {
  for (const { p, z } of expected.normalQuantile) expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(1e-8);
});

test("studentTQuantile() turns studentTCdf() round", () => {
  // t₂ has a closed form: t = (2p − 1) √(2 / (1 − (2p − 1)²)), 4.302653 at p = 0.975.
  expect(studentTQuantile(0.975, 2)).toBeCloseTo(0.95 * Math.sqrt(2 / (1 - 0.95 ** 2)), 6);
  for (const dof of [1, 3, 8, 30])
    expect(studentTCdf(studentTQuantile(0.975, dof), dof)).toBeCloseTo(0.975, 7);
});

test("chiSquareSurvival() agrees with scipy to 1e-7", () => {
  for (const { x, dof, p } of ofStudies.chiSquare) {
    expect(Math.abs(chiSquareSurvival(x, dof) - p)).toBeLessThan(1e-7);
  }
});

test("studentizedRangeQuantile() agrees with scipy to 1e-6", () => {
  for (const { k, q } of ofStudies.studentizedRange) {
    expect(Math.abs(studentizedRangeQuantile(0.95, k) / Math.SQRT2 - q), `${k} groups`).toBeLessThan(1e-6);
  }
});

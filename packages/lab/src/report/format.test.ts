import { expect, test } from "vitest";
import * as format from "./format.ts";

test("accuracies have two decimals in per cent, losses four, differences a true sign", () => {
  expect(format.percent(0.97934)).toBe("97.93");
  expect(format.loss(0.07117)).toBe("0.0712");
  expect(format.signedPercent(0.0031)).toBe("+0.31");
  expect(format.signedLoss(-0.00847)).toBe("−0.0085");
  expect(format.signedPercent(-0.00001)).toBe("0.00"); // rounds to nothing, so it has no sign
});

test("interval() is [low, high] in its value's notation, and empty when there is none", () => {
  expect(format.interval({ low: 0.978, high: 0.9804 }, format.percent)).toBe("[97.80, 98.04]");
  expect(format.interval({ low: -0.0004, high: 0.001 }, format.signedPercent)).toBe("[−0.04, +0.10]");
  expect(format.interval(null, format.percent)).toBe("");
});

test("hyperparameter() keeps three digits, and two of the distance from 1 for betas", () => {
  expect(format.hyperparameter(0.0123456)).toBe("0.0123");
  expect(format.hyperparameter(0.000123456)).toBe("1.23e-4");
  expect(format.hyperparameter(0.99731)).toBe("0.9973");
  expect(format.hyperparameter(0.9)).toBe("0.9");
  expect(format.hyperparameter(0.999)).toBe("0.999");
  expect(format.hyperparameter(0)).toBe("0");
  expect(format.hyperparameter(20)).toBe("20");
  expect(format.hyperparameter(true)).toBe("true");
});

test("duration() picks the unit", () => {
  expect([4.23, 38.4, 59.7, 200, 3599.8, 7500].map(format.duration)).toEqual([
    "4.2 s",
    "38 s",
    "1 min 0 s",
    "3 min 20 s",
    "1 h 0 min",
    "2 h 5 min",
  ]);
});

test("count() groups thousands and pValue() keeps the smallest values readable", () => {
  expect(format.count(46900)).toBe("46\u202f900");
  expect(format.count(1234567)).toBe("1\u202f234\u202f567");
  expect(format.count(999)).toBe("999");
  expect([0.03125, 0.00021, 1].map(format.pValue)).toEqual(["0.031", "2.1e-4", "1"]);
});

test("powerOfTen() and moment()", () => {
  expect([1e-4, 1, 1e12].map(format.powerOfTen)).toEqual(["10⁻⁴", "10⁰", "10¹²"]);
  expect(format.moment("2026-11-20T09:12:04.000Z")).toBe("2026-11-20 09:12 UTC");
  expect(format.moment("unknown")).toBe("unknown");
});

/** Gaussian processes against NumPy, SciPy and mpmath, and optimisation with them. */
import { readFileSync } from "node:fs";
import { stream } from "@thalweg/random";
import { describe, expect, it } from "vitest";
import { minimize } from "../minimize.ts";
import { buildProblem } from "../problems/index.ts";
import { logH, logHSlope } from "./expected-improvement.ts";
import { condition, fitHyperparameters, matern, maternSlope, posteriorOfLogs } from "./gaussian-process.ts";
import { gp, standardised } from "./gp.ts";
import { gaussianProcess, tpe } from "./methods.ts";
import { cumulative, erfcx } from "./normal-distribution.ts";
import { type Axis, CONTINUOUS, equalCells, type Observation } from "./observation.ts";

interface Recorded {
  special: { erfcx: [number, number][]; cumulative: [number, number][]; logH: [number, number, number][] };
  X: number[][];
  y: number[];
  w: number[];
  scale: number;
  noise: number;
  query: number[];
  mean: number;
  variance: number;
  logs: number[];
  logPosterior: number;
  gradient: number[];
}
const recorded: Recorded = JSON.parse(
  readFileSync(new URL("../../../fixtures/minimizers/gaussian-process.json", import.meta.url), "utf8"),
);
const axes = [CONTINUOUS, CONTINUOUS];
const points = recorded.X.map((x) => Float64Array.from(x));
const y = Float64Array.from(recorded.y);
const hyperparameters = {
  inverseSquaredLengths: Float64Array.from(recorded.w),
  scale: recorded.scale,
  noise: recorded.noise,
};

describe("the normal distribution", () => {
  it.each(recorded.special.erfcx)("erfcx(%f) = %f", (x, expected) => {
    expect(Math.abs(erfcx(x) / expected - 1)).toBeLessThan(2e-15);
  });
  it.each(recorded.special.cumulative)("Φ(%f) = %f", (z, expected) => {
    expect(Math.abs(cumulative(z) / expected - 1)).toBeLessThan(1e-15 * Math.max(1, z * z)); // exp of a rounded −z²/2
  });
  it.each(recorded.special.logH)("log h(%f) = %f, with slope %f", (z, expected, slope) => {
    expect(Math.abs(logH(z) - expected)).toBeLessThan(1e-11 * Math.max(1, Math.abs(expected)));
    // 1 + zc keeps a share of 1/z² of its digits
    expect(Math.abs(logHSlope(z) / slope - 1)).toBeLessThan(1e-15 * Math.max(100, 100 * z * z));
  });
  it("log h has no step where its forms meet, down to 10⁹ deviations", () => {
    for (const z of [-1, -1 / Math.sqrt(Number.EPSILON)]) {
      expect(logH(z * (1 + 1e-9)) / logH(z * (1 - 1e-9))).toBeCloseTo(1, 7);
    }
    expect(logH(-1e9)).toBeCloseTo(-5e17, -4);
  });
});

describe("the process", () => {
  it("maternSlope() is the derivative of matern()", () => {
    for (const d of [1e-3, 0.2, 3]) {
      const h = 1e-6 * d; // central: error h² f‴, rounding 1e-16/h
      const slope = (matern(1.3, d + h) - matern(1.3, d - h)) / (2 * h);
      expect(maternSlope(1.3, d) / slope).toBeCloseTo(1, 6);
    }
  });

  it("predicts what NumPy does", () => {
    const { mean, variance } = condition(axes, points, y, hyperparameters).predict(recorded.query);
    expect(mean).toBeCloseTo(recorded.mean, 12);
    expect(variance).toBeCloseTo(recorded.variance, 12);
  });

  it("has the log posterior of NumPy, and its gradient", () => {
    const objective = posteriorOfLogs(axes, points, y);
    const gradient = new Float64Array(4);
    expect(objective.gradient!(Float64Array.from(recorded.logs), gradient)).toBeCloseTo(
      -recorded.logPosterior,
      10,
    );
    recorded.gradient.forEach((one, i) => {
      expect(gradient[i]).toBeCloseTo(-one, 7);
    });
  });

  it("predictWithSlopes() gives the derivatives of mean and variance", () => {
    const process = condition(axes, points, y, hyperparameters);
    const [dMean, dVariance] = [new Float64Array(2), new Float64Array(2)];
    process.predictWithSlopes(recorded.query, dMean, dVariance);
    const h = 1e-5;
    for (const j of [0, 1]) {
      const [up, down] = [h, -h].map((d) =>
        process.predict(recorded.query.map((u, i) => (i === j ? u + d : u))),
      );
      expect(dMean[j]).toBeCloseTo((up!.mean - down!.mean) / (2 * h), 7);
      expect(dVariance[j]).toBeCloseTo((up!.variance - down!.variance) / (2 * h), 7);
    }
  });

  it("finds which axis matters", () => {
    const random = stream(1, "test");
    const at = Array.from({ length: 25 }, () => Float64Array.of(random.uniform(), random.uniform()));
    const values = standardised(at.map(([x]) => Math.sin(9 * x!)));
    const { inverseSquaredLengths: w, noise } = fitHyperparameters(axes, at, values);
    expect(w[0]! / w[1]!).toBeGreaterThan(20);
    expect(noise).toBeLessThan(1e-3);
    const process = condition(axes, at, values, fitHyperparameters(axes, at, values));
    const { mean, variance } = process.predict([0.5, 0.5]);
    const raw = at.map(([x]) => Math.sin(9 * x!));
    const centre = raw.reduce((sum, v) => sum + v, 0) / 25;
    const deviation = Math.sqrt(raw.reduce((sum, v) => sum + (v - centre) ** 2, 0) / 25);
    expect(Math.abs(mean * deviation + centre - Math.sin(4.5))).toBeLessThan(0.05);
    expect(variance).toBeLessThan(0.01);
  });

  it("takes choices apart by 0 or 1, whatever lies between them", () => {
    const choices: Axis[] = [{ kind: "choices", count: 3 }];
    const process = condition(choices, [Float64Array.of(0.1)], Float64Array.of(1), {
      inverseSquaredLengths: Float64Array.of(2),
      scale: 1,
      noise: 1e-6,
    });
    expect(process.predict([0.5]).mean).toBe(process.predict([0.9]).mean);
    expect(process.predict([0.3]).mean).toBeCloseTo(1, 5);
    expect(process.predict([0.5]).mean).toBeCloseTo(matern(1, 2), 5);
  });
});

describe("gp()", () => {
  it("finds Branin's minimum to a hundredth within 30 evaluations, where TPE does not", () => {
    const branin = buildProblem("branin");
    const gaps = [gaussianProcess, tpe].map((method) =>
      [1, 2, 3].map(
        (seed) => minimize(method, branin, branin.start, { budget: 30, seed }).value - branin.least,
      ),
    );
    for (const gap of gaps[0]!) expect(gap).toBeLessThan(0.01);
    expect(Math.min(...gaps[1]!)).toBeGreaterThan(0.01);
  });

  const suggest = (history: Observation[], mixed: readonly Axis[] = axes) =>
    gp({ startup: 3, preliminary: 256, climbs: 3 }).suggest(mixed, history, stream(1, "gp", history.length));

  it("is a function of history and stream, and stays in the cube", () => {
    const history = points.map((point, i) => ({ point, value: recorded.y[i]! }));
    expect(suggest(history)).toEqual(suggest(history));
    for (const u of suggest(history)) expect(u >= 0 && u <= 1).toBe(true);
  });

  it("keeps away from a trial that runs where it would have gone", () => {
    const history: Observation[] = points.map((point, i) => ({ point, value: recorded.y[i]! }));
    const first = suggest(history);
    const second = suggest([...history, { point: first, value: undefined }]);
    expect(Math.hypot(second[0]! - first[0]!, second[1]! - first[1]!)).toBeGreaterThan(0.02);
  });

  it("goes to the right cell and choice, and takes failures for the worst that was seen", () => {
    const mixed: Axis[] = [equalCells(4), { kind: "choices", count: 3 }, CONTINUOUS];
    const f = ([cell, choice, x]: Float64Array) =>
      Math.floor(choice! * 3) === 0
        ? Number.POSITIVE_INFINITY
        : Math.abs(Math.floor(cell! * 4) - 2) + (x! - 0.3) ** 2;
    const history: Observation[] = [];
    for (let trial = 0; trial < 20; trial++) {
      const point = trial < 8 ? gp().suggest(mixed, [], stream(3, "first", trial)) : suggest(history, mixed);
      history.push({ point, value: f(point) });
    }
    expect(Math.min(...history.map(({ value }) => value!))).toBeLessThan(0.01);
    for (const { point } of history) expect(point[0]! * 4 - 0.5).toBeCloseTo(Math.floor(point[0]! * 4), 12);
  });

  it("standardised() clips what is infinite and survives equal values", () => {
    expect([...standardised([1, Number.POSITIVE_INFINITY, 3])]).toEqual(
      [1, 3, 3].map((v) => (v - 7 / 3) / Math.sqrt(8 / 9)),
    );
    expect([...standardised([2, 2])]).toEqual([0, 0]);
    expect([...standardised([Number.POSITIVE_INFINITY])]).toEqual([0]);
  });

  it("refuses options that cannot be", () => {
    expect(() => gp({ preliminary: 0 })).toThrow(/preliminary must be a whole number above 0/);
  });
});

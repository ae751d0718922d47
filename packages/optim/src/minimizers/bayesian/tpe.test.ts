/** TPE against the known answers of Optuna 5.0.0, and on spaces that are not lines. */
import { stream } from "@thalweg/random";
import { describe, expect, it } from "vitest";
import { type Axis, CONTINUOUS, equalCells, type Observation } from "./observation.ts";
import { fadingWeights, kernelWidths, parzen } from "./parzen.ts";
import { bestCount, logRatio, splitHistory, tpe } from "./tpe.ts";

/** lr, log in [1e-4, 1]: the cube's coordinate of a rate, and the length of the axis. */
const LENGTH = Math.log(1e4);
const at = (lr: number) => Math.log(lr / 1e-4) / LENGTH;
const below = [1e-2, 3e-2].map(at);
const above = [1e-4, 3e-4, 1e-3, 3e-3, 0.1, 0.3, 0.9].map(at);

const near = (found: readonly number[], expected: readonly number[], digits: number) => {
  expect(found.length).toBe(expected.length);
  expected.forEach((one, i) => {
    expect(found[i]).toBeCloseTo(one, digits);
  });
};

describe("Optuna 5.0.0's answers", () => {
  it("kernelWidths(), in units of ln lr, the prior's last", () => {
    near(
      kernelWidths(below).map((one) => one * LENGTH),
      [Math.LN10, Math.LN10, 9.21034],
      6,
    );
    near(
      kernelWidths(above).map((one) => one * LENGTH),
      [1.098612, 1.203973, 1.203973, 3.506558, 3.506558, 1.098612, 1.098612, 9.21034],
      6,
    );
  });

  it.each([
    [2e-4, -1.136877],
    [5e-3, 0.751164],
    [2e-2, 1.096749],
    [0.2, -0.155316],
  ])("log l − log g at lr = %f is %f", (lr, expected) => {
    expect(logRatio(CONTINUOUS, below, above, at(lr))).toBeCloseTo(expected, 6);
  });

  it("bestCount()", () => {
    expect([10, 11, 20, 100, 250, 300].map(bestCount)).toEqual([1, 2, 2, 10, 25, 25]);
  });

  it("fadingWeights() of 30", () => {
    near(
      fadingWeights(30).slice(0, 6),
      [1 / 30, 0.275, 1 / 30 + (2 * 29) / 120, 1 / 30 + (3 * 29) / 120, 1, 1],
      12,
    );
    expect(
      fadingWeights(30)
        .slice(5)
        .every((one) => one === 1),
    ).toBe(true);
    expect(fadingWeights(24)).toEqual(new Array(24).fill(1));
    expect(fadingWeights(26)[0]).toBeCloseTo(1 / 26, 12);
  });
});

describe("parzen()", () => {
  const AXES: readonly [string, Axis][] = [
    ["continuous", CONTINUOUS],
    ["equal cells", equalCells(7)],
    ["cells of different widths", { kind: "ordered", edges: [0, 0.5, 0.8, 1] }],
    ["choices", { kind: "choices", count: 4 }],
  ];
  const density = (axis: Axis, observations: readonly number[], u: number) => {
    const { weights, logKernel } = parzen(axis, observations);
    return weights.reduce((sum, w, k) => sum + w * Math.exp(logKernel(k, u)), 0);
  };

  it.each(AXES)("%s: the density integrates, or its masses sum, to 1", (_, axis) => {
    for (const observations of [[], [0.1], [0.9, 0.9, 0.2, 0.45]]) {
      const points = 4000;
      const middles =
        axis.kind === "continuous"
          ? Array.from({ length: points }, (__, i) => (i + 0.5) / points)
          : axis.kind === "choices"
            ? [0.125, 0.375, 0.625, 0.875]
            : axis.edges.slice(1).map((edge, i) => (edge + axis.edges[i]!) / 2);
      const sum = middles.reduce((total, u) => total + density(axis, observations, u), 0);
      expect(axis.kind === "continuous" ? sum / points : sum).toBeCloseTo(1, 6);
    }
  });

  it.each(AXES)("%s: draws are as dense as it says", (_, axis) => {
    const observations = [0.1, 0.3, 0.85];
    const estimate = parzen(axis, observations);
    const random = stream(1, "test");
    const draws = 20_000;
    let lower = 0;
    for (let i = 0; i < draws; i++) {
      const k = random.integer(4); // four kernels of weight ¼
      if (estimate.draw(k, random) < 0.5) lower += 1;
    }
    // the share below ½: cells do not straddle it, but for the middle one of seven, [3/7, 4/7) drawn as ½
    const middles =
      axis.kind === "continuous"
        ? Array.from({ length: 1000 }, (__, i) => (i + 0.5) / 2000)
        : axis.kind === "choices"
          ? [0.125, 0.375]
          : axis.edges
              .slice(1)
              .map((edge, i) => (edge + axis.edges[i]!) / 2)
              .filter((middle) => middle < 0.5 - 1e-9);
    const sum = middles.reduce((total, u) => total + density(axis, observations, u), 0);
    const expected = axis.kind === "continuous" ? sum / 2000 : sum;
    expect(Math.abs(lower / draws - expected)).toBeLessThan(0.015); // four deviations of 0.0035
  });

  it("gives a choice that was seen twice of three times its share, by hand", () => {
    // three kernels of ¼ … of four: each row (¼ + one-hot)/(1 + 4·¼) = ⅛ or ⅝; the prior's ¼
    const seen = [0.1, 0.1, 0.9];
    expect(density({ kind: "choices", count: 4 }, seen, 0.1)).toBeCloseTo(
      (5 / 8 + 5 / 8 + 1 / 8 + 1 / 4) / 4,
      12,
    );
  });
});

describe("tpe()", () => {
  const run = (
    axes: readonly Axis[],
    f: (u: Float64Array) => number,
    trials: number,
    seed: number,
    multivariate = false,
  ) => {
    const history: Observation[] = [];
    const suggester = tpe({ multivariate });
    for (let trial = 0; trial < trials; trial++) {
      const point = suggester.suggest(axes, history, stream(seed, "tpe", trial));
      history.push({ point, value: f(point) });
    }
    return history;
  };

  it("comes nearer to a minimum than uniform points do, in most of ten studies", () => {
    const f = ([x, y]: Float64Array) => (x! - 0.7) ** 2 + (y! - 0.2) ** 2;
    const axes = [CONTINUOUS, CONTINUOUS];
    let wins = 0;
    for (let seed = 0; seed < 10; seed++) {
      const best = (history: readonly Observation[]) => Math.min(...history.map(({ value }) => value!));
      const found = best(run(axes, f, 50, seed));
      const uniform = stream(seed, "uniform");
      const other = Array.from({ length: 50 }, () =>
        f(Float64Array.of(uniform.uniform(), uniform.uniform())),
      );
      if (found < Math.min(...other)) wins += 1;
    }
    expect(wins).toBeGreaterThanOrEqual(8);
  });

  it.each([false, true])("settles on the right choice and cell (multivariate: %s)", (multivariate) => {
    const axes: Axis[] = [{ kind: "choices", count: 3 }, equalCells(5), CONTINUOUS];
    const f = ([choice, cell, x]: Float64Array) =>
      (Math.floor(choice! * 3) === 2 ? 0 : 1) + Math.abs(Math.floor(cell! * 5) - 3) + (x! - 0.5) ** 2;
    const history = run(axes, f, 60, 1, multivariate);
    const late = history.slice(30);
    const right = late.filter(({ value }) => value! < 1).length;
    expect(right).toBeGreaterThan(late.length / 3); // 1/15 by chance
    expect(history.every(({ point }) => point.every((u) => u >= 0 && u <= 1))).toBe(true);
  });

  it("is a function of history and stream", () => {
    const axes = [CONTINUOUS];
    const history = run(axes, ([x]) => x!, 15, 2);
    const suggester = tpe();
    const again = suggester.suggest(axes, history.slice(0, 14), stream(2, "tpe", 14));
    expect([...again]).toEqual([...history[14]!.point]);
  });

  it("keeps away from what failed and from what runs", () => {
    const lower = run([CONTINUOUS], ([x]) => (x! < 0.5 ? Number.POSITIVE_INFINITY : 1), 60, 3).slice(20);
    expect(lower.filter(({ point }) => point[0]! < 0.5).length).toBeLessThan(10);
  });
});

describe("splitHistory()", () => {
  it("keeps the best tenth, by value and then age, and puts running trials with the rest", () => {
    const values = [3, undefined, 1, 5, 4, 4, 4, 4, 4, 4, 4, 1];
    const history = values.map((value, i) => ({ point: Float64Array.of(i / 20), value }));
    const { best, rest } = splitHistory(history);
    expect(best).toEqual([history[2], history[11]]); // two of eleven, the oldest first
    expect(rest.length).toBe(10);
    expect(rest).toContain(history[1]);
  });
});

describe("errors", () => {
  const suggest = (...history: Observation[]) => tpe().suggest([CONTINUOUS], history, stream(1, "test"));
  it("name what is wrong with a history, or an option", () => {
    expect(() => suggest({ point: Float64Array.of(1, 2), value: 1 })).toThrow(
      /must have 1 coordinates.*point 0 has 2/,
    );
    expect(() => suggest({ point: Float64Array.of(2), value: 1 })).toThrow(/coordinate 0 of point 0 is 2/);
    expect(() => suggest({ point: Float64Array.of(0), value: Number.NaN })).toThrow(
      /give a failure the value Infinity/,
    );
    expect(() => tpe({ candidates: 0 })).toThrow(/candidates must be a whole number above 0/);
  });
});

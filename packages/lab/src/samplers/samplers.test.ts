import { expect, test } from "vitest";
import { gridLevels, levelsOf } from "./grid.ts";
import { BASES, haltonCoordinate, radicalInverse } from "./halton.ts";
import { type SamplerName, samplers, suggest } from "./samplers.ts";
import type { Space } from "./space.ts";

const adam: Space = {
  beta1: { low: 0.5, high: 0.999, oneMinus: true },
  lr: { low: 1e-4, high: 1e-1, log: true },
};
const sgd: Space = { lr: { low: 1e-3, high: 1e1, log: true } };

test("radicalInverse() mirrors the digits, by hand", () => {
  // base 2: 1, 10, 11, 100, 101, 110 → .1, .01, .11, .001, .101, .011
  expect([0, 1, 2, 3, 4, 5, 6].map((k) => radicalInverse(k, 2))).toEqual([
    0, 0.5, 0.25, 0.75, 0.125, 0.625, 0.375,
  ]);
  // base 3: 1, 2, 10, 11, 12 → 1/3, 2/3, 1/9, 4/9, 7/9
  const thirds = [0, 1 / 3, 2 / 3, 1 / 9, 4 / 9, 7 / 9];
  thirds.forEach((value, k) => {
    expect(radicalInverse(k, 3)).toBeCloseTo(value, 15);
  });
  expect(radicalInverse(7, 5)).toBeCloseTo(2 / 5 + 1 / 25, 15); // 7 = 12 in base 5 → .21
});

test("haltonCoordinate() of the learning rate is evenly spaced at every power of two", () => {
  for (const count of [4, 8, 64]) {
    const points = Array.from({ length: count }, (_, k) => haltonCoordinate(9, k, 0)).sort((a, b) => a - b);
    points.forEach((point, k) => {
      const next = points[(k + 1) % count] ?? 0;
      expect((next - point + 1) % 1).toBeCloseTo(1 / count, 12);
    });
  }
});

test("haltonCoordinate() scrambles digits without repeating: b points of base b hit every b-th of the circle once", () => {
  for (const [dimension, base] of BASES.entries()) {
    const first = haltonCoordinate(4, 0, dimension);
    const cells = Array.from(
      { length: base },
      (_, k) => Math.round(((haltonCoordinate(4, k, dimension) - first + 1) % 1) * base) % base,
    );
    expect(new Set(cells).size).toBe(base);
  }
  expect(() => haltonCoordinate(4, 0, 20)).toThrow(/at most 20 dimensions: asked for dimension 21/);
});

test("haltonCoordinate() and sobolCoordinate() cover the cube better than random points, on average over studies", () => {
  const average = (name: SamplerName) => {
    const studies = Array.from({ length: 20 }, (_, studySeed) =>
      l2StarDiscrepancy(
        Array.from({ length: 32 }, (_, trial) =>
          [0, 1, 2].map((dimension) =>
            samplers[name].coordinate({ studySeed, trial, dimension, dimensions: 3, budget: 32 }),
          ),
        ),
      ),
    );
    return studies.reduce((sum, d) => sum + d, 0) / studies.length;
  };
  expect(average("halton")).toBeLessThan(0.6 * average("random"));
  expect(average("sobol")).toBeLessThan(0.6 * average("random"));
});

test("suggest() is a pure function of seed and trial, and a smaller budget is a prefix", () => {
  for (const sampler of ["halton", "sobol", "random"] as const) {
    const trials = (budget: number, studySeed: number) =>
      Array.from({ length: budget }, (_, k) => suggest({ space: adam, studySeed, budget, sampler }, k));
    expect(trials(8, 1)).toEqual(trials(24, 1).slice(0, 8));
    expect(trials(8, 1)).not.toEqual(trials(8, 2));
  }
});

test("suggest() gives all rules the same lr points, scaled to each range", () => {
  for (let trial = 0; trial < 8; trial += 1) {
    const study = { studySeed: 3, budget: 8 };
    const a = Math.log10(suggest({ ...study, space: adam }, trial).lr as number); // −4 … −1
    const s = Math.log10(suggest({ ...study, space: sgd }, trial).lr as number); // −3 … 1
    expect((a + 4) / 3).toBeCloseTo((s + 3) / 4, 12);
  }
});

test("suggest() pins trial 0 to the defaults and leaves the other points where they were", () => {
  const study = { space: adam, studySeed: 3, budget: 8 };
  const pinned = { ...study, pinned: { lr: 1e-3, beta1: 0.9 } };
  expect(suggest(pinned, 0)).toEqual({ lr: 1e-3, beta1: 0.9 });
  expect(suggest(pinned, 1)).toEqual(suggest(study, 1));
});

test("suggest() refuses a trial outside the budget", () => {
  const study = { space: sgd, studySeed: 1, budget: 8 };
  expect(() => suggest(study, 8)).toThrow("must be in [0, 8), the budget: got 8");
  expect(() => suggest(study, Number.NaN)).toThrow(RangeError);
});

test("samplers.grid is the full factorial with both ends", () => {
  expect(gridLevels(9, 2)).toBe(3);
  expect(gridLevels(8, 2)).toBe(2);
  const space: Space = { lr: { low: 0, high: 1 }, k: { type: "int", low: 1, high: 3 } };
  const points = Array.from({ length: 9 }, (_, k) =>
    suggest({ space, studySeed: 0, budget: 9, sampler: "grid" }, k),
  );
  expect(points.slice(0, 4)).toEqual([
    { lr: 0, k: 1 },
    { lr: 0.5, k: 1 },
    { lr: 1, k: 1 },
    { lr: 0, k: 2 },
  ]);
  expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(9);
  // DeepOBS's 36 learning rates: 10^(−5 + 7i/35)
  const lr = suggest(
    { space: { lr: { low: 1e-5, high: 1e2, log: true } }, studySeed: 0, budget: 36, sampler: "grid" },
    5,
  ).lr;
  expect(Math.log10(lr as number)).toBeCloseTo(-4, 12);
});

test("samplers.grid takes the levels that the space asks for, and shares the rest", () => {
  const deepobs: Space = { lr: { low: 1e-5, high: 1e2, log: true, levels: 36 } };
  const rates = Array.from({ length: 36 }, (_, k) =>
    suggest({ space: deepobs, studySeed: 0, budget: 36, sampler: "grid" }, k),
  );
  rates.forEach(({ lr }, i) => {
    expect(Math.log10(lr as number)).toBeCloseTo(-5 + (7 * i) / 35, 12);
  });
  const mixed: Space = {
    nesterov: { type: "categorical", choices: [true, false, "maybe"] },
    lr: { low: 0, high: 1, levels: 2 },
    momentum: { low: 0, high: 1 },
  };
  expect(levelsOf(mixed, 31)).toEqual([2, 3, 5]); // lr first; 31/6 leaves five
  const points = Array.from({ length: 30 }, (_, k) =>
    suggest({ space: mixed, studySeed: 0, budget: 31, sampler: "grid" }, k),
  );
  expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(30);
  expect(points.slice(0, 3)).toEqual([
    { nesterov: true, lr: 0, momentum: 0 },
    { nesterov: true, lr: 1, momentum: 0 },
    { nesterov: false, lr: 0, momentum: 0 },
  ]);
  expect(() => suggest({ space: deepobs, studySeed: 0, budget: 24, sampler: "grid" }, 0)).toThrow(
    "Cannot lay a grid as its 36 points must fit the trials: there are 24; ask for 36 trials, or for fewer levels",
  );
});

/** L2-star discrepancy by Warnock's formula: 3^−d − 2^{1−d}/N Σ Π(1 − x²) + 1/N² ΣΣ Π(1 − max(x, y)), then the root. */
function l2StarDiscrepancy(points: readonly (readonly number[])[]): number {
  const N = points.length;
  const d = points[0]?.length ?? 0;
  let single = 0;
  let double = 0;
  for (const x of points) {
    single += x.reduce((product, xi) => product * (1 - xi * xi), 1);
    for (const y of points)
      double += x.reduce((product, xi, i) => product * (1 - Math.max(xi, y[i] ?? 0)), 1);
  }
  return Math.sqrt(3 ** -d - (2 ** (1 - d) / N) * single + double / (N * N));
}

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Vector } from "../objective.ts";
import type { OptionValues } from "../options.ts";
import { maxNorm } from "../vectors.ts";
import { buildProblem, problems } from "./index.ts";
import type { Problem } from "./problem.ts";

const SEED = 20_261_120;

/** Each family at its defaults, and where another dimension or option takes another path. */
const VARIANTS: readonly (readonly [string, OptionValues])[] = [
  ["sphere", { n: 5 }],
  ["quadratic", { n: 6, kappa: 1e3, turned: 3 }],
  ["quadratic", { n: 1, kappa: 7 }],
  ["rosenbrock", { n: 5 }],
  ["ackley", { n: 4 }],
  ["styblinski-tang", { n: 3 }],
  ["double-well", { tilt: 0.5 }],
  ["narrow-and-wide", { sigma: 0.1, depth: 0.5 }],
  ["lasso", { rows: 8, n: 12, support: 3, lambda: 2 }],
  ["mds", { points: 4, d: 3, seed: 5 }],
];
const all: readonly (readonly [string, Problem])[] = [
  ...Object.keys(problems).map((name): readonly [string, OptionValues] => [
    name,
    name === "mds" ? { points: 6 } : name === "lasso" ? { rows: 20, n: 30, support: 5 } : {},
  ]),
  ...VARIANTS,
].map(([name, values]) => [`${name} ${JSON.stringify(values)}`, buildProblem(name, values)]);

const written = (n: number, write: (into: Vector) => unknown): Vector => {
  const into = new Float64Array(n).fill(Number.NaN);
  write(into);
  return into;
};
const gradientOf = (problem: Problem, at: Vector) =>
  written(problem.dimension, (into) => problem.gradient!(at, into));
const productOf = (problem: Problem, at: Vector, v: Vector) =>
  written(problem.dimension, (into) => problem.product!(at, v, into));

/** Points within the bounds, as a fast-check arbitrary, and a few directions to look along. */
const places = ({ dimension, bounds }: Problem) => {
  const unit = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: dimension,
    maxLength: dimension,
  });
  const within = (u: number[]) =>
    Float64Array.from(u, (t, i) => bounds!.lower[i]! + t * (bounds!.upper[i]! - bounds!.lower[i]!));
  return fc.tuple(
    unit.map(within),
    unit.map((u) => Float64Array.from(u, (t) => 2 * t - 1)),
  );
};

const moved = (at: Vector, h: number, d: Vector) => at.map((x, i) => x + h * d[i]!);
const inner = (a: Vector, b: Vector) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/**
 * Central differences along a direction: error O(h²) from the third derivative, O(ε f/h) from rounding; h = 1e-5 balances
 * the two near 1e-10 of f's size.
 */
const H = 1e-5;

describe.each(all)("%s", (_, problem) => {
  const { dimension: n } = problem;
  const runs = { seed: SEED, numRuns: n > 50 ? 3 : 20 };

  it("has the gradient that differences measure, and gives its value with it", () => {
    fc.assert(
      fc.property(places(problem), ([at, d]) => {
        const into = new Float64Array(n);
        const value = problem.gradient!(at, into);
        const up = problem.value(moved(at, H, d));
        const down = problem.value(moved(at, -H, d));
        const size = 1 + Math.abs(value) + maxNorm(into) * Math.sqrt(n);
        expect(Math.abs(value - problem.value(at))).toBeLessThan(1e-13 * size);
        expect(Math.abs(inner(into, d) - (up - down) / (2 * H))).toBeLessThan(3e-8 * size * n);
      }),
      runs,
    );
  });

  it.skipIf(problem.product === undefined)("has the curvature that differences of gradients measure", () => {
    fc.assert(
      fc.property(places(problem), ([at, d]) => {
        if (problem.name === "ackley" && maxNorm(at) < 0.1) return; // its tip bends without bound
        const exact = productOf(problem, at, d);
        const [up, down] = [H, -H].map((h) => gradientOf(problem, moved(at, h, d)));
        const size = 1 + maxNorm(exact) + maxNorm(gradientOf(problem, at));
        exact.forEach((value, i) => {
          expect(Math.abs(value - (up![i]! - down![i]!) / (2 * H))).toBeLessThan(1e-6 * size);
        });
      }),
      runs,
    );
  });

  it.skipIf(problem.hessian === undefined)("has a symmetric Hessian, of which products are products", () => {
    fc.assert(
      fc.property(places(problem), ([at, d]) => {
        const hessian = written(n * n, (into) => problem.hessian!(at, into));
        const exact = productOf(problem, at, d);
        const size = 1 + maxNorm(hessian);
        for (let i = 0; i < n; i++) {
          const row = hessian.subarray(i * n, (i + 1) * n);
          expect(Math.abs(inner(row, d) - exact[i]!)).toBeLessThan(1e-12 * size * n);
          for (let j = 0; j < i; j++) expect(row[j]).toBeCloseTo(hessian[j * n + i]!, 9);
        }
      }),
      runs,
    );
  });

  it.skipIf(problem.residuals === undefined)(
    "is half the square of its residuals: f = ½rᵀr, ∇f = Jᵀr",
    () => {
      const m = problem.residuals!.count;
      fc.assert(
        fc.property(places(problem), ([at]) => {
          const [r, J] = [new Float64Array(m), new Float64Array(m * n)];
          problem.residuals!.evaluate(at, r, J);
          const value = problem.value(at);
          expect(Math.abs(inner(r, r) / 2 - value)).toBeLessThan(1e-12 * (1 + value));
          const gradient = gradientOf(problem, at);
          const fromJ = gradient.map((_, j) => r.reduce((sum, ri, i) => sum + J[i * n + j]! * ri, 0));
          gradient.forEach((g, j) => {
            expect(Math.abs(g - fromJ[j]!)).toBeLessThan(1e-11 * (1 + maxNorm(gradient)));
          });
        }),
        runs,
      );
    },
  );

  it.skipIf(problem.components === undefined)("is the mean of its components", () => {
    const { count, gradient } = problem.components!;
    const at = problem.start.map((x, i) => x + 0.1 * i);
    const mean = new Float64Array(n);
    const part = new Float64Array(n);
    let value = 0;
    for (let i = 0; i < count; i++) {
      value += gradient([i], at, part) / count;
      part.forEach((g, j) => {
        mean[j]! += g / count;
      });
    }
    expect(value).toBeCloseTo(problem.value(at), 10);
    const half = new Float64Array(n);
    const everything = Array.from({ length: count }, (_, i) => i);
    expect(gradient(everything, at, half)).toBeCloseTo(value, 10);
    gradientOf(problem, at).forEach((g, j) => {
      expect(mean[j]).toBeCloseTo(g, 10);
      expect(half[j]).toBeCloseTo(g, 10);
    });
  });

  it("is lowest at its minima, and stationary there", () => {
    const whole = (at: Vector) => problem.value(at) + (problem.nonsmooth?.value(at) ?? 0);
    for (const minimum of problem.minima) {
      expect(Math.abs(whole(minimum) - problem.least)).toBeLessThan(1e-10 * (1 + Math.abs(problem.least)));
      const gradient = gradientOf(problem, minimum);
      // x = prox(x − ∇f(x)) where F is lowest; without a nonsmooth part that is ∇f = 0
      const next = moved(minimum, -1, gradient);
      const there = new Float64Array(n);
      if (problem.nonsmooth === undefined) there.set(next);
      else problem.nonsmooth.prox(next, 1, there);
      expect(maxNorm(there.map((x, i) => x - minimum[i]!))).toBeLessThan(2e-12 * (1 + maxNorm(minimum)) * 10);
    }
    fc.assert(
      fc.property(places(problem), ([at, d]) => {
        expect(whole(at)).toBeGreaterThanOrEqual(problem.least);
        for (const minimum of problem.minima) {
          const beside = whole(moved(minimum, 1e-3, d));
          expect(beside).toBeGreaterThanOrEqual(problem.least - 1e-12 * (1 + Math.abs(problem.least)));
        }
      }),
      runs,
    );
  });

  it.skipIf(!problem.saddles?.length)("is stationary at its saddles, and does not curve one way", () => {
    for (const point of problem.saddles!) {
      expect(maxNorm(gradientOf(problem, point))).toBeLessThan(1e-12);
      const [xx = 0, xy = 0, , yy = 0] = written(4, (into) => problem.hessian!(point, into));
      if (problem.name === "monkey-saddle") expect([xx, xy, yy].map(Math.abs)).toEqual([0, 0, 0]);
      else expect(xx * yy - xy * xy).toBeLessThan(0);
    }
  });

  it("says what it is", () => {
    expect(problem.start).toHaveLength(n);
    expect(problem.source).toMatch(/\d{4}|S3/);
    expect(problem.formula.length).toBeGreaterThan(3);
    if (n === 2) expect(problem.view).toBeDefined();
  });
});

describe.each(Object.values(problems))("$name", ({ build, planar }) => {
  it("has a view where it says that it is planar", () => {
    expect(build().view !== undefined).toBe(planar);
  });
});

/** Values by hand or from the sources: problem, options, point, F. */
const VALUES: readonly (readonly [string, OptionValues, readonly number[], number, number])[] = [
  ["quadratic", {}, [-4, 2], 28, 12], // (16 + 10 · 4) / 2
  ["quadratic", { kappa: 1e4, n: 3 }, [1, 1, 1], 5050.5, 9], // (1 + 100 + 10000) / 2
  ["ellipse", {}, [-1.5, 2], 14.25, 12], // 2.25 + 12
  ["rosenbrock", {}, [-1.2, 1], 24.2, 12], // Moré et al.: the standard start
  ["rosenbrock", { n: 3 }, [0, 0, 2], 402, 12], // 1 + 0 + 1 + 400
  ["beale", {}, [1, 1], 14.203125, 12], // 1.5² + 2.25² + 2.625²
  ["himmelblau", {}, [0, 0], 170, 12], // 121 + 49
  ["himmelblau", {}, [-0.270845, -0.923039], 181.617, 3], // the local maximum
  ["branin", {}, [Math.PI, 2.275], 0.397887, 6], // Dixon & Szegő
  ["ackley", {}, [0, 0], 0, 12],
  ["rastrigin", { n: 3 }, [1, 1, 1], 3, 12], // a local minimum's neighbour: 1 each
  ["styblinski-tang", { n: 1 }, [-2.903534], -39.16616, 4], // Styblinski & Tang, rounded up
  ["goldstein-price", {}, [0, -1], 3, 12],
  ["goldstein-price", {}, [1.8, 0.2], 84, 9], // a local minimum: Dixon & Szegő
  ["matyas", {}, [1, 1], 0.04, 12], // 0.52 − 0.48
  ["booth", {}, [0, 0], 74, 12], // 49 + 25
  ["double-well", { tilt: 0.1 }, [1], -0.15, 12], // 1/4 − 1/2 + 0.1
  ["saddle", {}, [3, 2], 5, 12],
  ["monkey-saddle", {}, [2, 1], 2, 12], // 8 − 6
  ["reddi", {}, [-1], -1 / 3, 12],
];

describe("problems", () => {
  it.each(VALUES)("%s %j at %j is %d", (name, values, at, expected, digits) => {
    expect(buildProblem(name, values).value(Float64Array.from(at))).toBeCloseTo(expected, digits);
  });

  it("styblinski-tang is lowest at the published point", () => {
    expect(buildProblem("styblinski-tang").minima[0]![0]).toBeCloseTo(-2.903534, 6);
    expect(buildProblem("styblinski-tang").least).toBeCloseTo(-78.33233, 5);
  });

  it("quadratic-deep has the published Hessian: its trace is the sum of the eigenvalues that NumPy draws", () => {
    const { hessian } = buildProblem("quadratic-deep");
    const H = written(10_000, (into) => hessian!(new Float64Array(100), into));
    let trace = 0;
    for (let i = 0; i < 100; i++) trace += H[i * 101]!;
    expect(trace).toBeCloseTo(477.6122795950139, 9);
  });

  it("mds does not see a shift of all points", () => {
    const problem = buildProblem("mds", { points: 5 });
    const moved = problem.start.map((x, i) => x + (i % 2 === 0 ? 3 : -1));
    expect(problem.value(moved) / problem.value(problem.start)).toBeCloseTo(1, 12);
  });

  it("the lasso's solution is sparse, and its L1 term pulls with λ there (the conditions of Karush, Kuhn and Tucker)", () => {
    const problem = buildProblem("lasso", { lambda: 0.5 });
    const [solution] = problem.minima;
    const gradient = gradientOf(problem, solution!);
    expect(solution!.filter((x) => x !== 0)).toHaveLength(20);
    solution!.forEach((x, j) => {
      if (x === 0) expect(Math.abs(gradient[j]!)).toBeLessThan(0.5);
      else expect(gradient[j]).toBeCloseTo(-0.5 * Math.sign(x), 11);
    });
  });

  it.each<[string, () => unknown]>([
    ['Cannot find the problem "rosenbrok"', () => buildProblem("rosenbrok")],
    ['did you mean "rosenbrock"', () => buildProblem("rosenbrok")],
    ["n must be a whole number >= 2: current value is 1", () => buildProblem("rosenbrock", { n: 1 })],
    [
      "kappa must be a positive finite number: current value is 0",
      () => buildProblem("quadratic", { kappa: 0 }),
    ],
    ['it has no option "m": it has none', () => buildProblem("ellipse", { m: 3 })],
    [
      "rows must be more than n = 10: current value is 10",
      () => buildProblem("linear-regression", { rows: 10 }),
    ],
    ["support must be at most rows = 100 and n = 400", () => buildProblem("lasso", { support: 200 })],
    ["C must be a finite number > 2: current value is 2", () => buildProblem("reddi", { C: 2 })],
  ])("%s", (message, act) => {
    expect(act).toThrow(RangeError);
    expect(act).toThrow(message);
  });
});

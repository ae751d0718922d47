import { describe, expect, it } from "vitest";
import { withOptions } from "../method.ts";
import { minimize } from "../minimize.ts";
import { fromFunctions, type Objective } from "../objective.ts";
import { buildProblem } from "../problems/index.ts";
import { acceleratedGradient } from "./accelerated.ts";
import { conjugateGradient } from "./conjugate-gradient.ts";
import { barzilaiBorwein, gradientDescent, steepestDescent } from "./gradient-descent.ts";
import { sag, saga, sgd, svrg } from "./stochastic.ts";

const quadratic = buildProblem("quadratic", { kappa: 4 }); // ½(x² + 4y²)

const points = (method: Parameters<typeof minimize>[0], start: number[], iterations: number) =>
  minimize(method, quadratic, start, { iterations, trace: "points", gradientTolerance: 0 }).trace.map(
    ({ point }) => Array.from(point!, (x) => Number(x.toFixed(12))),
  );

describe("gradient-descent", () => {
  it("halves the first step until the value falls, and tries it twice as long the next time", () => {
    // from (4, 0) with step 4: x − 4x = −12 is higher, −4 as high, 0 lower: step 1
    expect(points(withOptions(gradientDescent, { first: 4 }), [4, 0], 1)).toEqual([
      [4, 0],
      [0, 0],
    ]);
  });

  it("ends when it stands still, with a reason, not with its budget", () => {
    const problem = buildProblem("branin");
    const result = minimize(gradientDescent, problem, problem.start, { gradientTolerance: 0 });
    expect(result.reason).toBe("change below tolerance");
    expect(result.value).toBeCloseTo(problem.least, 12);
  });

  it("searches by slopes too, when asked", () => {
    const problem = buildProblem("beale");
    const result = minimize(withOptions(gradientDescent, { search: "wolfe" }), problem, problem.start);
    expect(result.reason).toBe("gradient below tolerance");
    expect(result.evaluations.value).toBe(0); // each trial is a gradient
  });
});

describe("steepest-descent", () => {
  it("steps by gᵀg / gᵀHg, by hand", () => {
    // g = (4, 4), gᵀg = 32, gᵀHg = 16 + 64 = 80: α = 0.4
    expect(points(steepestDescent, [4, 1], 1)[1]).toEqual([2.4, -0.6]);
  });
});

describe("barzilai-borwein", () => {
  it("steps by sᵀs/sᵀy, or sᵀy/yᵀy, by hand", () => {
    // g = (4, 4) from (4, 1), first step 1/4: (3, 0), g = (3, 0); s = (−1, −1), y = (−1, −4)
    const [, first, long] = points(barzilaiBorwein, [4, 1], 2);
    expect(first).toEqual([3, 0]);
    expect(long![0]).toBeCloseTo(3 - (2 / 5) * 3, 10);
    const [, , short] = points(withOptions(barzilaiBorwein, { step: "short" }), [4, 1], 2);
    expect(short![0]).toBeCloseTo(3 - (5 / 17) * 3, 10);
  });
});

describe("accelerated-gradient", () => {
  it("extrapolates by (t − 1)/t⁺, by hand", () => {
    // L = 4 suffices. y₀ = x₀ = (8, 0): x₁ = 8 − 8/4 = 6, t = 1 → t⁺ = 1.618, β = 0: y₁ = 6. L is then 3.6, which suffices along x
    const [, y1, y2] = points(withOptions(acceleratedGradient, { lipschitz: 4 }), [8, 0], 2);
    expect(y1![0]).toBeCloseTo(6, 10);
    const [x2, t1] = [6 - 6 / 3.6, (1 + Math.sqrt(5)) / 2];
    const t2 = (1 + Math.sqrt(1 + 4 * t1 * t1)) / 2;
    expect(y2![0]).toBeCloseTo(x2 + ((t1 - 1) / t2) * (x2 - 6), 10);
  });
});

describe("conjugate-gradient", () => {
  it("makes its second direction conjugate to the first: two steps on two dimensions", () => {
    const { iterations } = minimize(
      withOptions(conjugateGradient, { c1: 1e-9, c2: 1e-6 }),
      quadratic,
      [4, 1],
    );
    expect(iterations).toBe(2);
  });

  it("refuses conditions that no step need satisfy", () => {
    expect(() => minimize(withOptions(conjugateGradient, { c1: 0.5 }), quadratic, [4, 1])).toThrow(
      "c1 must be less than c2",
    );
  });
});

describe("stochastic", () => {
  /** f₀ = ½(x − 1)², f₁ = ½(x + 3)²: the mean is least at −1. */
  const centres = [1, -3];
  const pair: Objective = {
    ...fromFunctions({
      dimension: 1,
      value: ([x = 0]) => ((x - 1) ** 2 + (x + 3) ** 2) / 4,
      gradient: ([x = 0]) => [x + 1],
    }),
    components: {
      count: 2,
      gradient: (indices, [x = 0], into) => {
        const parts = Array.from(indices, (i) => x - centres[i]!);
        into[0] = parts.reduce((sum, part) => sum + part, 0) / parts.length;
        return parts.reduce((sum, part) => sum + (part * part) / 2, 0) / parts.length;
      },
    },
  };

  it("svrg and saga are gradient descent where terms differ by constants: their noise cancels", () => {
    // ∇fᵢ(x) − ∇fᵢ(x̃) + ∇f(x̃) = x + 1 whichever i is drawn: each step multiplies x + 1 by 0.9, an epoch by 0.81
    for (const method of [svrg, saga]) {
      const { trace } = minimize(withOptions(method, { lr: 0.1 }), pair, [4], {
        iterations: 3,
        trace: "points",
        seed: 5,
      });
      // saga does so once its table is of one point: with terms of equal curvature at every step too
      if (method === svrg) {
        trace.forEach(({ point }, k) => {
          expect(point![0]! + 1).toBeCloseTo(5 * 0.81 ** k, 12);
        });
      }
      expect(trace[3]!.value).toBeLessThan(trace[0]!.value);
    }
  });

  it.each([svrg, sag, saga])("$name ends at the minimum of the mean, sgd near it", (method) => {
    const { point, reason } = minimize(withOptions(method, { lr: 0.1 }), pair, [4], { budget: 2_000 });
    expect(reason).toBe("gradient below tolerance");
    expect(point[0]).toBeCloseTo(-1, 7);
    const noisy = minimize(withOptions(sgd, { lr: 0.1 }), pair, [4], { budget: 2_000 });
    expect(noisy.reason).toBe("budget spent");
    expect(Math.abs(noisy.trace.at(-1)!.value - 2)).toBeGreaterThan(1e-6);
  });

  it("a batch of all terms, in any order, is drawn with replacement", () => {
    const { evaluations } = minimize(withOptions(sgd, { batch: 2 }), pair, [4], { iterations: 4 });
    expect(evaluations).toMatchObject({ component: 8, gradient: 5 }); // one step of two terms per epoch
  });

  it("saga first asks for every term once", () => {
    const { evaluations } = minimize(saga, pair, [4], { iterations: 1 });
    expect(evaluations.component).toBe(2 + 2);
  });
});

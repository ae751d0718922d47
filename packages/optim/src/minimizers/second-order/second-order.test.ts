import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Steps, withOptions } from "../method.ts";
import { minimizers } from "../methods.ts";
import { minimize } from "../minimize.ts";
import { fromFunctions, type Vector } from "../objective.ts";
import { buildProblem } from "../problems/index.ts";
import { dot, norm } from "../vectors.ts";
import { gaussNewton, levenbergMarquardt } from "./least-squares.ts";
import { LimitedMemory } from "./limited-memory.ts";
import { newton } from "./newton.ts";
import { newtonCg } from "./newton-cg.ts";
import { bfgs } from "./quasi-newton.ts";
import { sr1 } from "./sr1.ts";
import { agreement, resize, steihaug } from "./trust-region.ts";

const SEED = 20_261_120;

/** The value of steps that ask for nothing. */
function answerOf<T>(steps: Steps<T>): T {
  const { done, value } = steps.next();
  if (!done) throw new Error("asked for something");
  return value;
}

/** B·v for a small matrix of rows. */
const by = (B: readonly (readonly number[])[]) =>
  function* (v: Vector, into: Vector): Steps<void> {
    B.forEach((row, i) => {
      into[i] = row.reduce((sum, b, j) => sum + b * v[j]!, 0);
    });
  };

describe("steihaug()", () => {
  it("solves Newton's equation inside the region: p = −B⁻¹g, with the model's decrease ½gᵀB⁻¹g", () => {
    const p = new Float64Array(2);
    const B = [
      [2, 0],
      [0, 8],
    ];
    const decrease = answerOf(steihaug(Float64Array.of(2, 8), by(B), 10, 1e-12, p));
    expect(p[0]).toBeCloseTo(-1, 12);
    expect(p[1]).toBeCloseTo(-1, 12);
    expect(decrease).toBeCloseTo(5, 12); // ½(2 + 8)
  });

  it("stops at the edge when the first step is too long: −Δg/‖g‖", () => {
    const p = new Float64Array(2);
    const I = [
      [1, 0],
      [0, 1],
    ];
    const decrease = answerOf(steihaug(Float64Array.of(3, 4), by(I), 1, 1e-12, p));
    expect([...p].map((x) => Number(x.toFixed(12)))).toEqual([-0.6, -0.8]);
    expect(decrease).toBeCloseTo(4.5, 12); // 5·1 − ½·1
  });

  it("follows a direction that curves down to the edge", () => {
    const p = new Float64Array(2);
    const saddle = [
      [1, 0],
      [0, -1],
    ];
    const g = Float64Array.of(0.1, 0.1);
    const decrease = answerOf(steihaug(g, by(saddle), 3, 1e-12, p));
    expect(norm(p)).toBeCloseTo(3, 12);
    const model = dot(g, p) + (p[0]! ** 2 - p[1]! ** 2) / 2;
    expect(decrease).toBeCloseTo(-model, 12);
  });

  it("tells the decrease of its own model, wherever it ends", () => {
    const entries = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(
        entries,
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        ([a, b, c, d, e, f, ...g], radius) => {
          const B = [
            [a!, b!, c!],
            [b!, d!, e!],
            [c!, e!, f!],
          ];
          const p = new Float64Array(3);
          const gradient = Float64Array.from(g);
          if (norm(gradient) < 1e-3) return;
          const decrease = answerOf(steihaug(gradient, by(B), radius, 1e-10, p));
          const Bp = B.map((row) => row.reduce((sum, x, j) => sum + x * p[j]!, 0));
          const model = dot(gradient, p) + Bp.reduce((sum, x, i) => sum + x * p[i]!, 0) / 2;
          expect(norm(p)).toBeLessThanOrEqual(radius * (1 + 1e-9));
          expect(decrease).toBeGreaterThan(0);
          expect(Math.abs(decrease + model)).toBeLessThan(1e-6 * (1 + Math.abs(model)));
        },
      ),
      { seed: SEED },
    );
  });
});

describe("resize(), agreement()", () => {
  it("shrinks after a bad step, widens after a good one at the edge, and lets others be", () => {
    const p = Float64Array.of(0, 2);
    const after = (ratio: number, radius: number) => {
      const region = { radius, largest: 3 };
      resize(region, ratio, p);
      return region.radius;
    };
    expect(after(0.1, 2)).toBe(0.5);
    expect(after(Number.NaN, 2)).toBe(0.5);
    expect(after(0.5, 2)).toBe(2);
    expect(after(0.9, 2)).toBe(3);
    expect(after(0.9, 2.5)).toBe(2.5);
  });

  it("is 1 where both decreases are rounding, and tiny where the value is ∞", () => {
    expect(agreement(1, 1, 1e-20)).toBeCloseTo(1, 4); // δ/(10⁻²⁰ + δ), δ = 10ε
    expect(agreement(5, 4, 2)).toBeCloseTo(0.5, 12);
    expect(agreement(5, Infinity, 2)).toBe(-Infinity);
  });
});

describe("LimitedMemory", () => {
  it("is steepest descent before it has seen anything", () => {
    const d = new Float64Array(2);
    new LimitedMemory(3).direction(Float64Array.of(3, -4), d);
    expect([...d]).toEqual([-3, 4]);
  });

  it("keeps the secant equation of its newest pair: H y = s", () => {
    const vectors = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(vectors, { minLength: 2, maxLength: 8 }), (steps) => {
        const memory = new LimitedMemory(3);
        let kept: { s: Float64Array; y: Float64Array } | undefined;
        for (const step of steps) {
          const s = Float64Array.from(step);
          const y = s.map((x, i) => (i + 1) * x); // of a quadratic with curvatures 1 to 4
          if (!(dot(s, y) > 1e-3)) continue;
          memory.push(1, s, y, new Float64Array(4), 1e-10);
          kept = { s, y };
        }
        if (kept === undefined) return;
        const d = new Float64Array(4);
        memory.direction(kept.y, d);
        d.forEach((x, i) => {
          expect(x).toBeCloseTo(-kept!.s[i]!, 9);
        });
      }),
      { seed: SEED },
    );
  });

  it("does not take a pair along which the curvature is not positive", () => {
    const memory = new LimitedMemory(2);
    memory.push(1, Float64Array.of(1, 0), Float64Array.of(-1, 0), new Float64Array(2), 1e-10);
    expect(memory.length).toBe(0);
    memory.push(0.5, Float64Array.of(2, 0), Float64Array.of(3, 0), new Float64Array(2), 1e-10);
    memory.push(1, Float64Array.of(0, 1), Float64Array.of(0, 1), new Float64Array(2), 1e-10);
    memory.push(1, Float64Array.of(1, 1), Float64Array.of(1, 2), new Float64Array(2), 1e-10);
    expect(memory.length).toBe(2); // the oldest has made room
  });
});

describe("newton", () => {
  it("leaves a saddle: an indefinite Hessian is bent up, not followed up", () => {
    const { reason, point } = minimize(newton, buildProblem("saddle"), [-1.5, 0.01], { budget: 60 });
    expect(["unbounded below", "budget spent"]).toContain(reason);
    expect(Math.abs(point[1]!)).toBeGreaterThan(1e3);
  });

  it("does not see a change of coordinates: the same values, on a bowl that is stretched", () => {
    const stretched = (a: number) =>
      fromFunctions({
        dimension: 2,
        value: ([x = 0, y = 0]) => Math.cosh(a * x) + (y - a * x) ** 2,
        gradient: ([x = 0, y = 0]) => [a * (Math.sinh(a * x) - 2 * (y - a * x)), 2 * (y - a * x)],
        hessian: ([x = 0]) => [
          [a * a * (Math.cosh(a * x) + 2), -2 * a],
          [-2 * a, 2],
        ],
      });
    const [plain, wide] = [1, 1000].map((a) => minimize(newton, stretched(a), [2 / a, 1]).trace);
    expect(wide).toHaveLength(plain!.length);
    plain!.slice(0, -2).forEach(({ value }, k) => {
      expect(wide![k]!.value).toBeCloseTo(value, 10);
    });
  });

  it("takes a singular Hessian: x⁴ from 1, where each step is a third of the way", () => {
    const quartic = fromFunctions({
      dimension: 1,
      value: ([x = 0]) => x ** 4,
      gradient: ([x = 0]) => [4 * x ** 3],
      hessian: ([x = 0]) => [[12 * x * x]],
    });
    const { trace } = minimize(newton, quartic, [1], { iterations: 3, trace: "points" });
    trace.forEach(({ point }, k) => {
      expect(point![0]).toBeCloseTo((2 / 3) ** k, 12); // x − 4x³/12x² = ⅔x
    });
  });
});

describe("newton-cg, sr1", () => {
  it.each([newtonCg, sr1])("$name leaves a saddle along the way down", (method) => {
    const { value } = minimize(method, buildProblem("saddle"), [-1.5, 1e-6], { budget: 200 });
    expect(value).toBeLessThan(-1e3);
  });

  it("newton-cg refuses a first radius beyond the largest", () => {
    const wrong = withOptions(newtonCg, { radius: 10, largest: 1 });
    expect(() => minimize(wrong, buildProblem("beale"), [1, 1])).toThrow(
      "radius must be at most largest = 1: current value is 10",
    );
  });

  it("sr1 learns a quadratic's Hessian from n steps, then needs one", () => {
    const problem = buildProblem("quadratic", { kappa: 50, n: 4 });
    const { iterations } = minimize(withOptions(sr1, { radius: 10 }), problem, problem.start);
    expect(iterations).toBeLessThanOrEqual(8);
  });
});

describe("bfgs", () => {
  it("refuses conditions that no step need satisfy", () => {
    expect(() => minimize(withOptions(bfgs, { c1: 0.9, c2: 0.5 }), buildProblem("beale"), [1, 1])).toThrow(
      "c1 must be less than c2: current values are 0.9 and 0.5",
    );
  });
});

describe("dense methods", () => {
  it.each([
    [
      "newton",
      "Cannot use newton as its matrices must fit into 1 GiB: they take 149 GiB for dimension 100000; use newton-cg",
    ],
    ["bfgs", "they take 74.5 GiB for dimension 100000; use lbfgs"], // 10¹⁰ numbers over 2²⁷
    ["dfp", "use lbfgs"],
    ["sr1", "use lbfgs"],
    ["gauss-newton", "use lbfgs"],
    ["levenberg-marquardt", "use lbfgs"],
  ])("%s refuses what does not fit into memory", (name, message) => {
    const problem = buildProblem("rosenbrock", { n: 100_000 });
    expect(() => minimize(minimizers[name]!, problem, problem.start)).toThrow(message);
  });

  it("others take a hundred thousand dimensions", () => {
    const problem = buildProblem("rosenbrock", { n: 100_000 });
    for (const name of ["lbfgs", "newton-cg", "conjugate-gradient"]) {
      const { value } = minimize(minimizers[name]!, problem, problem.start, { iterations: 15 });
      expect(value).toBeLessThan(problem.value(problem.start) / 2);
    }
  });
});

describe("least squares", () => {
  /** y = a·e^{bt} through three points of 2e^{−t}: residuals a e^{bt} − y, zero at (2, −1). */
  const times = [0, 1, 2];
  const decay = {
    ...fromFunctions({
      dimension: 2,
      value: ([a = 0, b = 0]) =>
        times.reduce((sum, t) => sum + (a * Math.exp(b * t) - 2 * Math.exp(-t)) ** 2 / 2, 0),
    }),
    residuals: {
      count: 3,
      evaluate: ([a = 0, b = 0]: Vector, r: Vector, J: Vector) => {
        times.forEach((t, k) => {
          const e = Math.exp(b * t);
          r[k] = a * e - 2 * Math.exp(-t);
          J[2 * k] = e;
          J[2 * k + 1] = a * t * e;
        });
      },
    },
  };

  it.each([gaussNewton, levenbergMarquardt])("$name fits a decay", (method) => {
    const { point, reason } = minimize(method, decay, [1, 0]);
    expect(reason).toBe("gradient below tolerance");
    expect(point[0]).toBeCloseTo(2, 6);
    expect(point[1]).toBeCloseTo(-1, 6);
  });

  it("gauss-newton solves linear least squares in one step", () => {
    const { iterations, value } = minimize(gaussNewton, buildProblem("booth"), [-5, -5]);
    expect(iterations).toBe(1);
    expect(value).toBeLessThan(1e-25);
  });

  it("levenberg-marquardt takes a Jacobian of deficient rank", () => {
    const flat = {
      ...fromFunctions({ dimension: 2, value: ([x = 0, y = 0]) => (x + y - 3) ** 2 / 2 }),
      residuals: {
        count: 1,
        evaluate: ([x = 0, y = 0]: Vector, r: Vector, J: Vector) => {
          r[0] = x + y - 3;
          J.fill(1);
        },
      },
    };
    for (const method of [gaussNewton, levenbergMarquardt]) {
      const { point } = minimize(method, flat, [0, 1]);
      expect(point[0]! + point[1]!).toBeCloseTo(3, 6);
      expect(point[1]! - point[0]!).toBeCloseTo(1, 6); // nothing says more: the least step is along (1, 1)
    }
  });
});

/** Zero-order methods against SciPy's runs, against their rates, and by hand. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Method, withOptions } from "../method.ts";
import { minimize } from "../minimize.ts";
import { fromFunctions, type Objective, type Vector } from "../objective.ts";
import type { OptionValues } from "../options.ts";
import { buildProblem } from "../problems/index.ts";
import {
  compassSearch,
  hookeJeeves,
  nelderMead,
  powell,
  spsa,
  zeroOrderDescent,
  zeroOrderMethods,
} from "./index.ts";

interface Run {
  method: string;
  options: OptionValues;
  function: string;
  start: number[];
  evaluations: number;
  iterations: number;
  x: number[];
  value: number;
  /** The best point after each of the first forty iterations. */
  points: number[][];
}
const recorded: { runs: Run[] } = JSON.parse(
  readFileSync(new URL("../../../fixtures/minimizers/zero-order.json", import.meta.url), "utf8"),
);

/** Written as the script writes them, product by product, so that rounding agrees. */
const FUNCTIONS: Readonly<Record<string, (x: Vector) => number>> = {
  rosenbrock(x) {
    let total = 0;
    for (let i = 0; i + 1 < x.length; i++) {
      const valley = x[i + 1]! - x[i]! * x[i]!;
      total += 100 * valley * valley + (1 - x[i]!) * (1 - x[i]!);
    }
    return total;
  },
  beale([x, y]) {
    const term = (a: number, b: number) => (a - x! * (1 - b)) * (a - x! * (1 - b));
    return term(1.5, y!) + term(2.25, y! * y!) + term(2.625, y! * y! * y!);
  },
  himmelblau([x, y]) {
    const [a, b] = [x! * x! + y! - 11, x! + y! * y! - 7];
    return a * a + b * b;
  },
};
const objectiveOf = (name: string, dimension: number): Objective =>
  fromFunctions({ name, dimension, value: FUNCTIONS[name]! });

const METHODS: Readonly<Record<string, Method>> = { "nelder-mead": nelderMead, powell };

describe("SciPy's runs", () => {
  const runs = recorded.runs.map((run) => ({
    ...run,
    title: `${run.method} on ${run.function}, n = ${run.start.length}`,
  }));

  it.each(runs)("$title: the same points, evaluations and result", (run) => {
    const method = withOptions(METHODS[run.method]!, run.options);
    const found = minimize(method, objectiveOf(run.function, run.start.length), run.start, {
      trace: "points",
    });
    run.points.forEach((point, k) => {
      point.forEach((one, i) => {
        // the first iterate here is the start; Powell's line searches may differ in a last digit, and then in the next
        expect(Math.abs(found.trace[k + 1]!.point![i]! - one)).toBeLessThan(
          run.method === "powell" ? 1e-6 : 1e-12,
        );
      });
    });
    expect(Math.abs(found.evaluations.value / run.evaluations - 1)).toBeLessThanOrEqual(
      run.method === "powell" ? 0.05 : 0,
    );
    expect(found.value).toBeCloseTo(run.value, 9);
    expect(["step below tolerance", "change below tolerance"]).toContain(found.reason);
  });
});

describe("nelderMead", () => {
  it("with coefficients for twenty dimensions finds a map of ten points, with the usual ones it gets stuck", () => {
    const map = buildProblem("mds", { points: 10 });
    const fine = { pointTolerance: 1e-8, valueTolerance: 1e-10 };
    const run = (adaptive: boolean) =>
      minimize(withOptions(nelderMead, { ...fine, adaptive }), map, map.start, {
        budget: 10_000,
        target: 1e-4,
      });
    expect(run(true).reason).toBe("target reached");
    expect(run(false).value).toBeGreaterThan(1);
  });
});

describe("zeroOrderDescent", () => {
  /** ½‖x‖² from (1, …, 1), to a thousandth of where it starts: L = 1. */
  const steps = (n: number, seed: number) => {
    const square = fromFunctions({
      dimension: n,
      value: (x) => 0.5 * x.reduce((sum, one) => sum + one * one, 0),
    });
    const start = new Float64Array(n).fill(1);
    const method = withOptions(zeroOrderDescent, { lipschitz: 1 });
    const found = minimize(method, square, start, {
      target: (0.5 * n) / 1000,
      seed,
      budget: 1e6,
      trace: "none",
    });
    expect(found.reason).toBe("target reached");
    return found.iterations;
  };

  it("takes steps in proportion to the dimension", () => {
    const sizes = [4, 16, 64, 256];
    const logs = sizes.map((n) => Math.log((steps(n, 1) + steps(n, 2) + steps(n, 3)) / 3));
    const exponent = (logs.at(-1)! - logs[0]!) / Math.log(256 / 4);
    expect(exponent).toBeGreaterThan(0.8);
    expect(exponent).toBeLessThan(1.2);
    // E f shrinks by 1 − 2h + h²(n + 2) per step, h = 1/(4(n + 4)): E u uᵀ = I, E u uᵀu uᵀ = (n + 2) I
    const factor = 1 - 2 / (4 * 260) + 258 / (4 * 260) ** 2;
    const ratio = Math.exp(logs.at(-1)!) / (Math.log(1e-3) / Math.log(factor));
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1.1);
  });

  it.each([
    "gaussian",
    "sphere",
    "coordinates",
  ])("%s: adapts its steps to a function of unknown curvature", (directions) => {
    const bowl = fromFunctions({
      dimension: 3,
      value: ([x, y, z]) => 500 * x! ** 2 + y! ** 2 + 10 * z! ** 2,
    });
    const method = withOptions(zeroOrderDescent, { directions });
    const found = minimize(method, bowl, [1, 1, 1], { target: 1e-6, budget: 50_000, seed: 3 });
    expect(found.reason).toBe("target reached");
  });
});

describe("pattern search by hand", () => {
  const bowl = fromFunctions({ dimension: 2, value: ([x, y]) => x! * x! + 2 * y! * y! });

  it("compassSearch() goes to the best of four neighbours, or halves their distance", () => {
    const found = minimize(compassSearch, bowl, [1, 0.5], { trace: "points", iterations: 4 });
    // (1, ½) 1.5 → neighbours ½ away: (½, ½) .75, (1, 0) 1 → (0, ½) .5, (½, 0) .25 → (0, 0) 0 → halved
    expect(found.trace.map(({ point, stepLength }) => [...point!, stepLength])).toEqual([
      [1, 0.5, undefined],
      [0.5, 0.5, 0.5],
      [0.5, 0, 0.5],
      [0, 0, 0.5],
      [0, 0, 0.25],
    ]);
    expect(found.evaluations.value).toBe(1 + 4 * 4);
  });

  it("hookeJeeves() explores along both axes, then leaps", () => {
    const found = minimize(hookeJeeves, bowl, [3, 1], { trace: "points", iterations: 3 });
    // explore: (3.5 | 2.5, 1) then (2.5, 1.5 | .5); leap to (2, 0), explored to (1.5, 0); leap to (.5, −.5), explored to (0, 0)
    expect(found.trace.map(({ point }) => [...point!])).toEqual([
      [3, 1],
      [2.5, 0.5],
      [1.5, 0],
      [0, 0],
    ]);
  });
});

describe("spsa", () => {
  it("finds the minimum of a bowl through noise", () => {
    let seed = 1; // noise as a function of the call, the same in every run
    const noise = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return (seed / 2_147_483_647 - 0.5) * 0.1;
    };
    const bowl = fromFunctions({
      dimension: 4,
      value: (x) => x.reduce((sum, one) => sum + (one - 1) ** 2, 0) + noise(),
    });
    const method = withOptions(spsa, { c: 0.1 });
    const found = minimize(method, bowl, [0, 0, 0, 0], { budget: 6000, trace: "points" });
    const last = found.trace.at(-1)!.point!;
    for (const one of last) expect(Math.abs(one - 1)).toBeLessThan(0.1);
  });

  it("takes first steps of the size that is asked for", () => {
    const steep = fromFunctions({ dimension: 1, value: ([x]) => 1e6 * x! });
    const found = minimize(withOptions(spsa, { first: 0.1 }), steep, [0], { iterations: 1 });
    expect(found.trace[1]!.stepLength).toBeCloseTo(0.1, 6);
  });
});

describe("all of them", () => {
  it.each(
    zeroOrderMethods.map((method) => ({ name: method.name, method })),
  )("$name gives the same run for the same seed", ({ method }) => {
    const run = () =>
      minimize(method, objectiveOf("himmelblau", 2), [-0.5, -1], { budget: 200, trace: "points", seed: 5 });
    expect(run().trace).toEqual(run().trace);
  });

  it.each(
    zeroOrderMethods.map((method) => ({ name: method.name, method })),
  )("$name goes around where the function is not defined", ({ method }) => {
    // the minimum, 0.25, is at the edge of the domain
    const half = fromFunctions({
      dimension: 2,
      value: ([x, y]) => (x! < 1.5 ? Number.NaN : (x! - 1) ** 2 + y! * y!),
    });
    const found = minimize(method, half, [3, 1], { budget: 2000, seed: 1 });
    expect(found.value).toBeLessThan(0.8); // 5 at the start
    expect(found.point[0]).toBeGreaterThanOrEqual(1.5);
    expect(found.reason).not.toBe("value is not finite");
  });

  it("zero-order-descent refuses more coordinates than there are", () => {
    const method = withOptions(zeroOrderDescent, { directions: "coordinates", count: 3 });
    expect(() => minimize(method, objectiveOf("beale", 2), [1, 1])).toThrow(
      /count must be at most the dimension, 2/,
    );
  });
});

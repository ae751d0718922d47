/** Every claim of the gradient methods, every exemption, and the rates that theory promises. */
import { describe, expect, it } from "vitest";
import {
  factsOf,
  methodsFor,
  minimize,
  minimizers,
  type Objective,
  type OptionValues,
  problems,
} from "../src/minimizers/index.ts";
import { breaches, CLAIMS, errors, iterationsToReach, named, problemNamed, reach } from "./minimizers.ts";

const FAMILIES = new Set(["first-order", "stochastic", "second-order", "least-squares"]);
const all = Object.values(minimizers).filter(({ family }) => FAMILIES.has(family));

describe.each(all)("$name", (method) => {
  const { budgets, exempt = {} } = CLAIMS[method.name]!;

  it.each(Object.entries(budgets))("reaches the minimum of %s within %d evaluations", (name, budget) => {
    const result = reach(method, problemNamed(name), budget);
    expect(result).toMatchObject({ reason: "target reached" });
    expect(result.spent).toBeLessThanOrEqual(budget + 1e-9);
  });

  it("claims every problem that it can run on, or has a reason not to", () => {
    const possible = Object.keys(problems).filter((name) =>
      methodsFor(factsOf(problemNamed(name))).includes(method),
    );
    expect(Object.keys({ ...budgets, ...exempt }).sort()).toEqual(possible.sort());
    for (const reason of Object.values(exempt)) expect(reason.length).toBeGreaterThan(15);
  });

  it("gives the same run for the same seed, bit for bit", () => {
    const name = method.family === "stochastic" ? "logistic-regression" : "beale";
    const [one, other] = [1, 2].map(() => reach(method, problemNamed(name), 60, 7));
    expect(other).toEqual(one);
  });

  it("begins at the start", () => {
    const problem = problemNamed(method.family === "stochastic" ? "logistic-regression" : "beale");
    const { trace } = minimize(method, problem, problem.start, { iterations: 0, trace: "points" });
    expect(trace).toHaveLength(1);
    expect(trace[0]!.point).toEqual(problem.start);
    expect(trace[0]!.value).toBeCloseTo(problem.value(problem.start), 12);
  });

  it("finds no descent where the gradient is wrong, and does not spend its budget on it", () => {
    if (method.family === "stochastic" || method.family === "least-squares") return;
    const problem = problemNamed("himmelblau");
    const wrong: Objective = {
      ...problem,
      gradient: (at, into) => {
        const value = problem.gradient!(at, into);
        for (let i = 0; i < into.length; i++) into[i] = -into[i]!;
        return value;
      },
    };
    const { reason, spent, value } = minimize(method, wrong, problem.start, { budget: 5_000 });
    expect(["no descent", "change below tolerance", "gradient below tolerance"]).toContain(reason);
    expect(spent).toBeLessThan(1_000);
    expect(value).toBeLessThanOrEqual(problem.value(problem.start));
  });

  it("ends on a problem without a minimum, and says why", () => {
    if (method.family === "stochastic" || method.family === "least-squares") return;
    const { reason, value } = minimize(method, problemNamed("saddle"), [-1.5, 0.01], { budget: 2_000 });
    expect(["unbounded below", "budget spent"]).toContain(reason);
    expect(value).toBeLessThan(-1e3);
  });
});

/** Other options than the defaults, which the table of claims is about: method, options, budgets on two problems. */
const OTHERS: readonly (readonly [string, OptionValues, number, number])[] = [
  ["gradient-descent", { search: "wolfe" }, 3_000, 60],
  ["conjugate-gradient", { beta: "fletcher-reeves" }, 60, 60],
  ["barzilai-borwein", { step: "short" }, 150, 30],
  ["accelerated-gradient", { restart: false }, 600, 400],
  ["lbfgs", { search: "more-thuente" }, 25, 25],
  ["lbfgs", { history: 2 }, 40, 25],
];

describe("other options", () => {
  it.each(OTHERS)("%s %j reaches the minima of beale and himmelblau", (name, values, beale, himmelblau) => {
    expect(reach(named(name, values), problemNamed("beale"), beale).reason).toBe("target reached");
    expect(reach(named(name, values), problemNamed("himmelblau"), himmelblau).reason).toBe("target reached");
  });
});

describe("rates", () => {
  it("steepest-descent on a quadratic from its worst start loses ((κ − 1)/(κ + 1))² per step, exactly", () => {
    // Kantorovich's bound is met from (κ, 1): Nocedal & Wright, Theorem 3.3
    for (const kappa of [3, 10, 50]) {
      const { trace } = minimize(
        named("steepest-descent"),
        problemNamed("quadratic", { kappa }),
        [kappa, 1],
        {
          iterations: 12,
        },
      );
      const rate = ((kappa - 1) / (kappa + 1)) ** 2;
      trace.slice(1).forEach(({ value }, k) => {
        expect(value / trace[k]!.value).toBeCloseTo(rate, 10);
      });
    }
  });

  it("gradient descent needs κ times more steps, accelerated √κ times", () => {
    const steps = (name: string, kappa: number) =>
      iterationsToReach(named(name), problemNamed("quadratic", { kappa, n: 30 }));
    const exponent = (name: string) => Math.log(steps(name, 1e4) / steps(name, 1e2)) / Math.log(1e2);
    expect(exponent("steepest-descent")).toBeGreaterThan(0.85);
    expect(exponent("steepest-descent")).toBeLessThan(1.15);
    expect(exponent("accelerated-gradient")).toBeGreaterThan(0.35);
    expect(exponent("accelerated-gradient")).toBeLessThan(0.65);
  });

  it("accelerated-gradient with μ known loses 1 − 1/√κ per step at least", () => {
    const kappa = 400;
    const steps = iterationsToReach(
      named("accelerated-gradient", { mu: 1, lipschitz: kappa, restart: false }),
      problemNamed("quadratic", { kappa, n: 30 }),
    );
    // Nesterov 2004, Theorem 2.2.3: f − f* ≤ 2(1 − 1/√κ)ᵏ (f₀ − f*); L is doubled past κ, and κ with it
    expect(steps).toBeLessThan(Math.log(2e8) / -Math.log(1 - 1 / Math.sqrt(2 * kappa)));
  });

  it.each([
    "polak-ribiere",
    "fletcher-reeves",
  ])("conjugate-gradient (%s) with nearly exact searches ends a quadratic within n steps", (beta) => {
    const n = 6;
    const method = named("conjugate-gradient", { beta, c1: 1e-12, c2: 1e-9 });
    const steps = iterationsToReach(method, problemNamed("quadratic", { kappa: 100, n, turned: 1 }), 1e-16);
    expect(steps).toBeLessThanOrEqual(n);
  });

  it("barzilai-borwein leaves steepest descent far behind on a badly conditioned quadratic", () => {
    const problem = problemNamed("quadratic", { kappa: 1e3, n: 30 });
    const slow = iterationsToReach(named("steepest-descent"), problem);
    for (const step of ["long", "short"]) {
      expect(iterationsToReach(named("barzilai-borwein", { step }), problem)).toBeLessThan(slow / 8);
    }
  });

  it("newton ends a quadratic of any condition in one step", () => {
    const problem = problemNamed("quadratic", { kappa: 1e6, n: 20, turned: 5 });
    expect(iterationsToReach(named("newton"), problem, 1e-18)).toBe(1);
  });

  it.each([
    ["newton", "rosenbrock"],
    ["newton", "beale"],
    ["newton", "himmelblau"],
    ["newton", "logistic-regression"],
    ["gauss-newton", "beale"], // where residuals end at zero
    ["gauss-newton", "himmelblau"],
  ])("%s converges quadratically on %s: e₊ ≤ 30 e²", (name, problem) => {
    const history = errors(named(name), problemNamed(problem));
    expect(history.filter((e) => e < 1e-2).length).toBeGreaterThan(2);
    expect(breaches(history, { C: 30, p: 2, stride: 1 })).toEqual([]);
  });

  it.each([
    "bfgs",
    "dfp",
    "sr1",
    "newton-cg",
  ])("%s converges superlinearly: in two steps e₊ ≤ 3 e^1.5", (name) => {
    for (const problem of ["rosenbrock", "beale", "himmelblau"]) {
      const history = errors(named(name), problemNamed(problem));
      expect(history.filter((e) => e < 1e-2).length).toBeGreaterThan(2);
      expect(breaches(history, { C: 3, p: 1.5, stride: 2 })).toEqual([]);
    }
  });

  it("steepest-descent breaks both: it converges linearly", () => {
    const history = errors(named("steepest-descent"), problemNamed("beale"));
    expect(breaches(history, { C: 30, p: 2, stride: 1 }).length).toBeGreaterThan(10);
    expect(breaches(history, { C: 3, p: 1.5, stride: 2 }).length).toBeGreaterThan(10);
  });

  it("bfgs and dfp go the same way with exact searches (Dixon 1972)", () => {
    const problem = problemNamed("beale");
    const [one, other] = ["bfgs", "dfp"].map(
      (name) =>
        minimize(named(name, { c1: 1e-12, c2: 1e-8 }), problem, problem.start, {
          iterations: 7,
          trace: "points",
        }).trace,
    );
    one!.forEach(({ point }, k) => {
      point!.forEach((x, i) => {
        expect(Math.abs(x - other![k]!.point![i]!)).toBeLessThan(1e-5);
      });
    });
  });

  it("lbfgs that remembers all n steps ends a quadratic as conjugate gradients do (Nocedal & Wright, Theorem 6.4)", () => {
    const n = 8;
    const problem = problemNamed("quadratic", { kappa: 50, n });
    const exact = { c1: 1e-12, c2: 1e-9 };
    const [cg, quasi] = ["conjugate-gradient", "bfgs"].map((name) =>
      errors(named(name, exact), problem, { iterations: n - 2 }),
    );
    cg!.forEach((e, k) => {
      expect(quasi![k]).toBeCloseTo(e, 5);
    });
  });
});

describe("finite sums", () => {
  const problem = problemNamed("logistic-regression");
  const gap = (name: string, values: Record<string, number>, epochs: number, seed = 1) => {
    const { trace } = minimize(named(name, values), problem, problem.start, {
      iterations: epochs,
      seed,
      budget: 1e4,
    });
    const last = trace.slice(Math.floor(epochs / 2));
    return last.reduce((sum, { value }) => sum + value - problem.least, 0) / last.length;
  };

  it("sgd stalls at a floor in proportion to its step", () => {
    const floor = (lr: number) => [1, 2, 3].reduce((sum, seed) => sum + gap("sgd", { lr }, 120, seed), 0) / 3;
    const ratio = floor(0.02) / floor(0.01);
    expect(ratio).toBeGreaterThan(1.6);
    expect(ratio).toBeLessThan(2.4);
  });

  it("sgd with a batch of four times as many has a floor four times lower", () => {
    const floor = (batch: number) =>
      [1, 2, 3].reduce((sum, seed) => sum + gap("sgd", { lr: 0.02, batch }, 200, seed), 0) / 3;
    const ratio = floor(1) / floor(4);
    expect(ratio).toBeGreaterThan(3);
    expect(ratio).toBeLessThan(5.5);
  });

  it("sgd with a decreasing step goes on below the floor of the constant one", () => {
    // lr/(1 + decay·k) with μ = 1: from 0.05 to 1/k
    expect(gap("sgd", { lr: 0.05, decay: 0.05 }, 100)).toBeLessThan(gap("sgd", { lr: 0.05 }, 100) / 20);
  });

  it.each(["svrg", "sag", "saga"])("%s converges linearly with a constant step", (name) => {
    const { trace } = minimize(named(name, { lr: 0.04 }), problem, problem.start, {
      iterations: 24,
      gradientTolerance: 0,
    });
    const gaps = trace.map(({ gradientNorm }) => gradientNorm!);
    // a factor of ten every six epochs, down to rounding
    for (const k of [6, 12, 18, 24]) {
      expect(gaps[k]! / gaps[0]!).toBeLessThan(Math.max(10 ** (-k / 6), 1e-13));
    }
  });
});

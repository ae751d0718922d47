/** What every method of the table does when the function or its user does not behave: a result, or an error that says where. */
import { describe, expect, it } from "vitest";
import {
  type AsyncObjective,
  evaluate,
  factsOf,
  type Method,
  Minimization,
  minimize,
  minimizeAsync,
  minimizers,
  type Objective,
  ObjectiveError,
} from "../src/minimizers/index.ts";
import { problemNamed } from "./minimizers.ts";

/** A problem that the method can run on: the least demanding of each kind. */
function homeOf({ needs }: Method) {
  const name = needs.includes("prox")
    ? "lasso"
    : needs.includes("components")
      ? "logistic-regression"
      : needs.includes("residuals")
        ? "beale"
        : "himmelblau";
  return problemNamed(name, name === "lasso" ? { rows: 20, n: 10, support: 3 } : {});
}

/** The objective with something done to every value and gradient of it. */
function disturbed(objective: Objective, disturb: (value: number) => number): Objective {
  const { gradient, residuals, components } = objective;
  return {
    ...objective,
    value: (at) => disturb(objective.value(at)),
    ...(gradient && { gradient: (at, into) => disturb(gradient(at, into)) }),
    ...(components && {
      components: { ...components, gradient: (...given) => disturb(components.gradient(...given)) },
    }),
    ...(residuals && {
      residuals: {
        ...residuals,
        evaluate: (at, r, J) => {
          residuals.evaluate(at, r, J);
          r[0] = disturb(r[0]!);
        },
      },
    }),
  };
}

const LIMITS = { budget: 40, iterations: 15 };

describe.each(Object.values(minimizers))("$name", (method) => {
  const home = homeOf(method);

  it("evaluates nothing with a budget of zero", () => {
    const result = minimize(method, home, home.start, { budget: 0 });
    expect(result).toMatchObject({ reason: "budget spent", spent: 0, iterations: 0 });
    expect(result.point).toEqual(home.start);
  });

  it("keeps to any budget", () => {
    for (const budget of [1, 2, 3, 7, 20]) {
      const { spent, value, point } = minimize(method, home, home.start, { budget });
      expect(spent).toBeLessThanOrEqual(budget + 1e-9);
      if (!Number.isNaN(value)) expect(point.every(Number.isFinite)).toBe(true);
    }
  });

  it("reports F where it stands, the nonsmooth part included", () => {
    const { trace, point, value } = minimize(method, home, home.start, { ...LIMITS, trace: "points" });
    const f = (at: Float64Array) => home.value(at) + (home.nonsmooth?.value(at) ?? 0);
    expect(value).toBeCloseTo(f(point), 9);
    // a stochastic method knows F only where it has asked for all of it
    if (method.family === "stochastic") return;
    for (const entry of trace)
      expect(Math.abs(entry.value - f(entry.point!))).toBeLessThan(1e-9 * (1 + Math.abs(entry.value)));
  });

  it("ends with a reason where every value is NaN", () => {
    const result = minimize(
      method,
      disturbed(home, () => Number.NaN),
      home.start,
      LIMITS,
    );
    expect(["value is not finite", "budget spent"]).toContain(result.reason);
    if (result.reason === "value is not finite") expect(result.detail).toMatch(/is NaN at evaluation \d+/);
  });

  it("survives NaN now and then: a result, with a point that is finite", () => {
    let calls = 0;
    const now = disturbed(home, (value) => (++calls % 5 === 4 ? Number.NaN : value));
    const { point, value, reason } = minimize(method, now, home.start, LIMITS);
    expect(reason.length).toBeGreaterThan(0);
    expect(Number.isFinite(value)).toBe(true);
    expect(point.every(Number.isFinite)).toBe(true);
  });

  it("hands on what the function throws, with the place", () => {
    let calls = 0;
    const cause = new Error("out of paper");
    const broken = disturbed(home, (value) => {
      if (++calls === 3) throw cause;
      return value;
    });
    const act = () => minimize(method, broken, home.start, LIMITS);
    expect(act).toThrow(ObjectiveError);
    calls = 0;
    expect(act).toThrow(
      new RegExp(
        `^Cannot go on minimizing ${home.name} with ${method.name} as evaluation \\d+ .* failed: out of paper$`,
      ),
    );
  });

  it("goes the same way through promises, and by steps", async () => {
    const { value, gradient, hessian, product, residuals, components } = home;
    const later: AsyncObjective = {
      ...home,
      value: async (at) => value(at),
      ...(gradient && { gradient: async (at, into) => gradient(at, into) }),
      ...(hessian && { hessian: async (at, into) => hessian(at, into) }),
      ...(product && { product: async (...given) => product(...given) }),
      ...(residuals && {
        residuals: { ...residuals, evaluate: async (...given) => residuals.evaluate(...given) },
      }),
      ...(components && {
        components: { ...components, gradient: async (...given) => components.gradient(...given) },
      }),
    };
    const result = minimize(method, home, home.start, LIMITS);
    expect(await minimizeAsync(method, later, home.start, LIMITS)).toEqual(result);
    const search = new Minimization(method, factsOf(home), home.start, LIMITS);
    while (search.result === undefined) search.step((request) => evaluate(home, request));
    expect(search.result).toEqual(result);
  });

  it("says what it is, and what its options mean", () => {
    expect(method.summary).toMatch(/^[A-Z].*\.$/);
    expect(method.source).toMatch(/\d{4}|torch/);
    for (const { meaning, requirement, default: value, holds } of Object.values(method.options)) {
      expect(meaning.length).toBeGreaterThan(3);
      expect(requirement.length).toBeGreaterThan(3);
      expect(holds(value)).toBe(true);
      expect(holds(Number.NaN)).toBe(false);
    }
  });
});

describe("minimizers", () => {
  it("are listed under their own names, each once", () => {
    expect(Object.values(minimizers).map(({ name }) => name)).toEqual(Object.keys(minimizers));
  });
});

/** Every claim of the proximal, zero-order, evolutionary and Bayesian methods, and every exemption. */
import { stream } from "@thalweg/random";
import { describe, expect, it } from "vitest";
import { factsOf, methodsFor, minimize, minimizers, problems } from "../src/minimizers/index.ts";
import { problemNamed } from "./minimizers.ts";
import { reachTo, SEARCHES } from "./searches.ts";

const FAMILIES = new Set(["proximal", "zero-order", "evolutionary", "bayesian"]);
const all = Object.values(minimizers).filter(({ family }) => FAMILIES.has(family));

it("there is a claim for every method, and a method for every claim", () => {
  expect(Object.keys(SEARCHES).sort()).toEqual(all.map(({ name }) => name).sort());
});

describe.each(all)("$name", (method) => {
  const claim = SEARCHES[method.name]!;
  const { budgets, exempt = {}, seeds } = claim;

  it.each(Object.entries(budgets))("reaches the minimum of %s within %d evaluations", (name, budget) => {
    for (const seed of seeds) {
      const result = reachTo(method, problemNamed(name), claim, budget, seed);
      expect(result, `seed ${seed}`).toMatchObject({ reason: "target reached" });
      expect(result.spent).toBeLessThanOrEqual(budget + 1e-9);
    }
  });

  it("claims every problem that it can run on, or has a reason not to", () => {
    const possible = Object.keys(problems).filter((name) =>
      methodsFor(factsOf(problemNamed(name))).includes(method),
    );
    expect(Object.keys({ ...budgets, ...exempt }).sort()).toEqual(possible.sort());
    for (const reason of Object.values(exempt)) expect(reason.length).toBeGreaterThan(15);
  });

  it("asks for no more than the budget, and says that it is spent", () => {
    const problem = problemNamed(method.family === "proximal" ? "lasso" : "rosenbrock");
    const result = minimize(method, problem, problem.start, { budget: 7, gradientTolerance: 0 });
    expect(result.spent).toBeLessThanOrEqual(7);
    expect(["budget spent", "no descent", "step below tolerance"]).toContain(result.reason);
    const none = minimize(method, problem, problem.start, { budget: 0 });
    expect(none).toMatchObject({ reason: "budget spent", spent: 0 });
    expect(none.point).toEqual(problem.start);
  });
});

describe("at 25 evaluations, as tuning has", () => {
  const PLANAR = ["branin", "himmelblau", "rosenbrock", "styblinski-tang", "ackley", "beale", "booth"];

  /** The least of the start and 24 points of the search box. */
  function byChance(name: string, seed: number): number {
    const { value, start, bounds } = problemNamed(name);
    const random = stream(seed, "random search");
    const { lower, upper } = bounds!;
    const draw = () => lower.map((low, i) => low + (upper[i]! - low) * random.uniform());
    return Math.min(value(start), ...Array.from({ length: 24 }, () => value(draw())));
  }

  it.each([
    ["tpe", [1, 2, 3, 4, 5], 0.5],
    ["gaussian-process", [1, 2], 0.7],
  ] as const)("%s is lower than chance on most problems, from most seeds", (name, seeds, share) => {
    const duels = PLANAR.flatMap((problem) =>
      seeds.map((seed) => {
        const { start } = problemNamed(problem);
        const { value } = minimize(minimizers[name]!, problemNamed(problem), start, { budget: 25, seed });
        const other = byChance(problem, seed);
        return value < other ? 1 : value === other ? 0.5 : 0;
      }),
    );
    const won = duels.reduce((sum: number, one) => sum + one, 0);
    expect(won / duels.length).toBeGreaterThan(share);
  });
});

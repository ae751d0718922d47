/** What all evolutionary methods do alike, and each of them by hand. */
import { stream } from "@thalweg/random";
import { describe, expect, it } from "vitest";
import { factsOf } from "../facts.ts";
import { type Method, withOptions } from "../method.ts";
import { Minimization } from "../minimization.ts";
import { minimize } from "../minimize.ts";
import { fromFunctions, type Objective, type Vector } from "../objective.ts";
import {
  cmaEs,
  differentialEvolution,
  evolutionaryMethods,
  evolutionStrategy,
  geneticAlgorithm,
  openaiEs,
  snes,
  xnes,
} from "./index.ts";
import { utilities } from "./natural-strategies.ts";
import { centredRanks } from "./openai-es.ts";
import { expectedLength, keepInside, ranked } from "./population.ts";

const bowl = (x: Vector) => x.reduce((sum, one, i) => sum + (i + 1) * (one - 1) ** 2, 0);
const objective = (value: (x: Vector) => number, name = "bowl"): Objective =>
  fromFunctions({ name, dimension: 3, value });
const all = evolutionaryMethods.map((method) => ({ name: method.name, method }));

describe.each(all)("$name", ({ method }) => {
  const run = (value: (x: Vector) => number, seed: number) =>
    minimize(method, objective(value), [0, 2, -1], { budget: 600, seed, trace: "points" });

  it("sees only the order of values: a monotone function of f gives the same points", () => {
    const plain = run(bowl, 3).trace.map(({ point }) => [...point!]);
    const bent = run((x) => Math.sqrt(bowl(x)), 3).trace.map(({ point }) => [...point!]);
    expect(plain.length).toBeGreaterThan(5);
    expect(bent).toEqual(plain);
  });

  it("gives the same run for the same seed, and another for another", () => {
    expect(run(bowl, 4).trace).toEqual(run(bowl, 4).trace);
    expect(run(bowl, 4).point).not.toEqual(run(bowl, 5).point);
  });

  it("asks for whole populations, in one batch each", () => {
    const search = new Minimization(method, factsOf(objective(bowl)), [0, 2, -1], { budget: 500 });
    let batches = 0;
    for (let request = search.ask(); request !== undefined; request = search.ask()) {
      if (request.kind !== "values") throw new Error(`asked for ${request.kind}`);
      expect(request.points.length).toBeGreaterThan(4);
      batches += 1;
      search.tell(request.points.map(bowl));
    }
    expect(batches).toBeGreaterThan(2);
    expect(search.result!.evaluations.value).toBeLessThanOrEqual(500);
  });

  it("goes around where the function is not defined", () => {
    // the minimum lies at the edge: half of what is near it cannot be used
    const half = (x: Vector) => (x[0]! < 1 ? Number.NaN : bowl(x));
    const found = minimize(method, objective(half), [1.5, 2, -1], { budget: 3000, seed: 6 });
    expect(found.value).toBeLessThan(method.name === "openai-es" ? 12 : 0.5); // 13.25 at the start; Adam goes 0.01 a step
    expect(found.reason).not.toBe("value is not finite");
  });

  it("says where a function cannot be used anywhere", () => {
    const found = run(() => Number.NaN, 6);
    expect(found.reason).toBe("value is not finite");
  });
});

describe("convergence on a bowl", () => {
  it.each<[string, Method, number]>([
    ["genetic-algorithm", geneticAlgorithm, 6000],
    ["genetic-algorithm, sbx", withOptions(geneticAlgorithm, { crossover: "sbx" }), 10_000],
    ["evolution-strategy, csa", evolutionStrategy, 3000],
    ["evolution-strategy, self", withOptions(evolutionStrategy, { adaptation: "self" }), 5000],
    ["differential-evolution, rand", differentialEvolution, 6000],
    ["differential-evolution, best", withOptions(differentialEvolution, { strategy: "best/1/bin" }), 4000],
    ["cma-es, diagonal", withOptions(cmaEs, { diagonal: true }), 2000],
    ["xnes", xnes, 3000],
    ["snes", snes, 3000],
    ["openai-es", withOptions(openaiEs, { decay: 0.99, lr: 0.1, sigma: 0.1 }), 20_000],
  ])("%s comes within 1e-6 of the least value from three seeds", (_, method, budget) => {
    for (const seed of [1, 2, 3]) {
      const found = minimize(method, objective(bowl), [0, 2, -1], { budget, seed, target: 1e-6 });
      expect(found.reason).toBe("target reached");
    }
  });
});

describe("by hand", () => {
  it("ranked() puts what failed last", () => {
    const infinity = Number.POSITIVE_INFINITY;
    expect(ranked([3, infinity, -1, infinity, 2])).toEqual([2, 4, 0, 1, 3]);
  });

  it("utilities() of four: ln 3 − ln k above 0, over their sum, less a quarter", () => {
    const sum = Math.log(3) + Math.log(1.5);
    [Math.log(3) / sum - 0.25, Math.log(1.5) / sum - 0.25, -0.25, -0.25].forEach((one, k) => {
      expect(utilities(4)[k]).toBeCloseTo(one, 12);
    });
  });

  it("centredRanks() run from −½ to ½", () => {
    expect([...centredRanks([5, 1, 9])]).toEqual([0, -0.5, 0.5]);
  });

  it("expectedLength() is that of normal vectors: √(2/π) for one, √(π/2) for two", () => {
    expect(expectedLength(1)).toBeCloseTo(Math.sqrt(2 / Math.PI), 2);
    expect(expectedLength(2)).toBeCloseTo(Math.sqrt(Math.PI / 2), 2);
    expect(expectedLength(30)).toBeCloseTo(5.4317, 3); // √2 Γ(15.5)/Γ(15)
  });

  it("keepInside() brings a child between the bound and its parent", () => {
    const bounds = { lower: Float64Array.of(0, 0, 0), upper: Float64Array.of(1, 1, 1) };
    const child = Float64Array.of(-3, 0.5, 8);
    keepInside(child, Float64Array.of(0.2, 0.2, 0.9), bounds, stream(1, "test"));
    expect(child[0]).toBeGreaterThanOrEqual(0);
    expect(child[0]).toBeLessThanOrEqual(0.2);
    expect(child[1]).toBe(0.5);
    expect(child[2]).toBeGreaterThanOrEqual(0.9);
    expect(child[2]).toBeLessThanOrEqual(1);
  });

  it("differential-evolution and genetic-algorithm never lose their best, and stay in the box", () => {
    const bounds = { lower: new Float64Array(3).fill(-2), upper: new Float64Array(3).fill(2) };
    const seen: number[][] = [];
    const boxed: Objective = {
      ...objective((x) => {
        seen.push([...x]);
        return -bowl(x); // falls towards the walls
      }),
      bounds,
    };
    for (const method of [differentialEvolution, geneticAlgorithm]) {
      const { trace } = minimize(method, boxed, [0, 0, 0], { budget: 1000 });
      const values = trace.map(({ value }) => value);
      expect(values).toEqual(values.toSorted((a, b) => b - a));
    }
    expect(seen.flat().every((one) => one >= -2 && one <= 2)).toBe(true);
  });
});

describe("errors", () => {
  const run = (method: Method, values: Record<string, number | string>) => () =>
    minimize(withOptions(method, values), objective(bowl), [0, 0, 0]);
  it.each<[string, () => unknown, RegExp]>([
    [
      "a population of one",
      run(cmaEs, { population: 1 }),
      /cma-es as its population must be at least 3, or 0/,
    ],
    ["three in differential evolution", run(differentialEvolution, { population: 3 }), /at least 4/],
    [
      "a negative deviation",
      run(cmaEs, { sigma: -1 }),
      /sigma must be a finite number >= 0: current value is -1/,
    ],
    [
      "an odd population",
      run(openaiEs, { population: 5 }),
      /must be even.*mirrored pairs: current value is 5/,
    ],
    [
      "as many parents as points",
      run(evolutionStrategy, { population: 4, parents: 4 }),
      /parents must be fewer than the population, 4/,
    ],
    [
      "an elite of all",
      run(geneticAlgorithm, { population: 4, elite: 4 }),
      /elite must be below the population, 4/,
    ],
  ])("%s", (_, attempt, message) => {
    expect(attempt).toThrow(message);
  });
});

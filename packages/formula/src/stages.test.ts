import { describe, expect, test } from "vitest";
import { scheduleStages } from "./stages.ts";
import { program } from "./testing/harness.ts";

/** Per stage: what it loads, stores, reduces (as function and scope), and how many scalars it takes. */
const plan = (update: string, hyper: string[] = [], state: string[] = []) =>
  scheduleStages(program(update, hyper, state)).map(({ loads, stores, reductions, scalars }) => ({
    loads: [...loads].sort().join(" "),
    stores: [...stores.keys()].sort().join(" "),
    reductions: reductions
      .map(({ fn, scope }) => `${fn} ${scope}`)
      .sort()
      .join(", "),
    scalars: scalars.length,
  }));

describe("scheduleStages()", () => {
  test("an elementwise rule is one pass that reads and writes each slot once", () => {
    const adam = `
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g^2
      theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`;
    // β₁, 1 − β₁, β₂, 1 − β₂, lr · 1/(1 − β₁ᵗ), 1/(1 − β₂ᵗ), ε
    expect(plan(adam, ["lr", "beta1", "beta2", "eps"], ["m", "v"])).toEqual([
      { loads: "g m theta v", stores: "m theta v", reductions: "", scalars: 7 },
    ]);
  });

  test("a reduction needs a pass before its value is used, which loads only what it reduces", () => {
    expect(plan("theta = theta - lr * g / norm(g)", ["lr"])).toEqual([
      { loads: "g", stores: "", reductions: "sum tensor", scalars: 0 },
      { loads: "g theta", stores: "theta", reductions: "", scalars: 1 }, // lr · 1/√sum
    ]);
  });

  test("reductions of one level share a pass, whatever their scope", () => {
    expect(plan("theta = theta * (norm(g) + normAll(theta) + normInf(g) + mean(g)) + countAll(g)")).toEqual([
      { loads: "g theta", stores: "", reductions: "max tensor, sum all, sum tensor, sum tensor", scalars: 0 },
      { loads: "theta", stores: "theta", reductions: "", scalars: 2 },
    ]);
  });

  test("nested reductions: clip by global norm, then a trust ratio as LAMB's, are three passes", () => {
    const lamb = `
      g = g * min(1, clip / normAll(g))
      m = beta * m + (1 - beta) * g
      u = m / (abs(m) + eps)
      theta = theta - lr * norm(theta) / norm(u) * u`;
    expect(plan(lamb, ["clip", "beta", "eps", "lr"], ["m"])).toEqual([
      // norm(theta) is not needed yet, but theta is known, so it is of level 1
      { loads: "g theta", stores: "", reductions: "sum all, sum tensor", scalars: 0 },
      // β, (1 − β) min(1, clip/‖g‖), ε
      { loads: "g m", stores: "", reductions: "sum tensor", scalars: 3 },
      // and lr ‖θ‖ / ‖u‖
      { loads: "g m theta", stores: "m theta", reductions: "", scalars: 4 },
    ]);
  });

  test("a reduction over reductions is on the host, not in a pass of its own", () => {
    expect(plan("theta = theta - g * max(norm(g), norm(theta))")).toHaveLength(2);
  });

  test("a slot that keeps its value is not written, and a slot that is not needed is not read", () => {
    expect(plan("m = m\ntheta = g", [], ["m"])).toEqual([
      { loads: "g", stores: "theta", reductions: "", scalars: 0 },
    ]);
    expect(plan("theta = lr", ["lr"])).toEqual([{ loads: "", stores: "theta", reductions: "", scalars: 1 }]);
    expect(plan("theta = theta")).toEqual([{ loads: "", stores: "", reductions: "", scalars: 0 }]);
  });

  test("only the last pass writes, so every reduction sees the values before the update", () => {
    const swap = plan("a = theta\ntheta = m + norm(theta) + norm(m)\nm = a", [], ["m"]);
    expect(swap.map(({ stores }) => stores)).toEqual(["", "m theta"]);
  });
});

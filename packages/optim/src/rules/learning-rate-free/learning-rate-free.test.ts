/** What the theory of these rules says, checked: bounds on the distance, the average, the architecture-aware step. */
import { describe, expect, it } from "vitest";
import { ENGINES, setUp, shaker } from "../../../laws/set-up.ts";
import { referenceBackend } from "../../backend.ts";
import { Optimizer } from "../../optimizer.ts";
import { withHyper } from "../../rule.ts";
import {
  agdWith,
  dAdaptSgd,
  dogWith,
  prodigyDualAveraging,
  prodigyGd,
  scheduleFreeAdamw,
  scheduleFreeSgd,
} from "./index.ts";

/** f(x) = ‖x - x*‖, whose subgradients have norm 1; from the origin the solution is 5 away. */
const SOLUTION = [3, 0, -4];
const towards = (theta: ArrayLike<number>) => {
  const difference = SOLUTION.map((x, i) => theta[i]! - x);
  const length = Math.hypot(...difference);
  return difference.map((x) => (length > 0 ? x / length : 0));
};

describe.each(ENGINES)("on the %s engine", (engine) => {
  it.each([
    ["prodigy-gd", prodigyGd],
    ["prodigy-da", prodigyDualAveraging],
    ["d-adapt-sgd", dAdaptSgd],
  ])("%s's estimate d stays below the distance to the solution, and comes near it", (name, rule) => {
    const { optimizer, step } = setUp(engine, withHyper(rule, { d0: 1e-3 }), { x: [0, 0, 0] });
    for (let k = 0; k < 300; k++) {
      step(towards);
      const d = optimizer.state().shared[name]!.d!;
      expect(d).toBeLessThanOrEqual(5 * (1 + 1e-5));
    }
    expect(optimizer.state().shared[name]!.d!).toBeGreaterThan(5 / 3);
  });

  it("schedule-free-sgd is the paper's three sequences, of which it keeps two", () => {
    const next = shaker(3);
    const gradients = Array.from({ length: 12 }, () => [next(), next()]);
    const [lr, beta] = [0.3, 0.8];
    const rule = withHyper(scheduleFreeSgd, { lr, momentum: beta });
    const { optimizer, parameters, step } = setUp(engine, rule, { x: [1, -1] });
    const view = parameters.slice();
    let [x, z] = [
      [1, -1],
      [1, -1],
    ];
    gradients.forEach((g, k) => {
      step(g);
      z = z.map((value, i) => value - lr * g[i]!);
      x = x.map((value, i) => (1 - 1 / (k + 1)) * value + z[i]! / (k + 1));
      optimizer.writeView(view);
      x.forEach((value, i) => {
        expect(view[i]).toBeCloseTo(value, 5);
        expect(parameters[i]).toBeCloseTo((1 - beta) * z[i]! + beta * value, 5);
      });
    });
  });

  it("dog's first step is repsRel (1 + ‖θ‖) long, whatever the gradient", () => {
    const rule = withHyper(dogWith(), { repsRel: 0.1, eps: 0 });
    const { parameters, step } = setUp(engine, rule, { a: [3], b: [4] });
    step([30, -40]);
    expect(parameters[0]).toBeCloseTo(3 - 0.1 * 6 * 0.6, 5);
    expect(parameters[1]).toBeCloseTo(4 + 0.1 * 6 * 0.8, 5);
  });
});

describe("schedule-free rules", () => {
  it("refuse a gradient point without a share of the average, from which that could not be told", () => {
    expect(() => withHyper(scheduleFreeSgd, { momentum: 0 })).toThrow(
      "Cannot use schedule-free-sgd as momentum must not be 0: its formula divides by it",
    );
    expect(() => withHyper(scheduleFreeAdamw, { beta1: 0 })).toThrow(RangeError);
  });
});

describe("agd", () => {
  it("by hand: two matrices with gradients of norm 2 and 1", () => {
    // √(d/d') is 2 for a 4 × 1 matrix, ½ for 1 × 4: G = (2·2 + ½·1)/2 = 9/4, √(1 + 9) = √10
    const parameters = new Float64Array(8);
    const gradients = Float64Array.from([2, 0, 0, 0, 0, 1, 0, 0]);
    const segments = [
      { name: "in", shape: [4, 1], offset: 0, size: 4 },
      { name: "out", shape: [1, 4], offset: 4, size: 4 },
    ];
    for (const kernels of ["positions", "whole"] as const) {
      parameters.fill(0);
      const rule = agdWith({ kernels });
      new Optimizer({ backend: referenceBackend, segments, parameters, gradients, rule }).step();
      const eta = Math.log((1 + Math.sqrt(10)) / 2);
      expect(parameters[0]).toBeCloseTo((-eta / 2) * 2, 14);
      expect(parameters[5]).toBeCloseTo((-eta / 2) * 0.5, 14);
    }
  });

  it("refuses biases, and says what it needs to start from", () => {
    const options = {
      backend: referenceBackend,
      segments: [{ name: "0.bias", shape: [2], offset: 0, size: 2 }],
      parameters: new Float64Array(2),
      gradients: new Float64Array(2),
      rule: agdWith(),
    };
    expect(() => new Optimizer(options)).toThrow(/"0.bias" of shape \[2\] by agd as it needs at least 2 dim/);
    expect(agdWith().initialisation).toBe("agd");
  });
});

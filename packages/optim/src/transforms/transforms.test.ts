/** Each transform by hand, through plain gradient descent of step 1: what theta loses is the transformed gradient. */
import { describe, expect, it } from "vitest";
import { ENGINES, setUp, type Tensors } from "../../laws/set-up.ts";
import { chain, type Link, withHyper } from "../rule.ts";
import { adamw, sgd } from "../rules/index.ts";
import { addDecayedWeights, clipByGlobalNorm, clipByValue, transforms } from "./index.ts";

describe.each(ENGINES)("on the %s engine", (engine) => {
  function transformed(link: Link, tensors: Tensors, gradients: number[]): number[] {
    const { step, parameters } = setUp(engine, withHyper(chain(link, sgd), { lr: 1 }), tensors);
    const before = [...parameters];
    step(gradients);
    return before.map((value, i) => value - parameters[i]!);
  }

  it("clipByValue() clips each element on both sides", () => {
    const clipped = transformed(clipByValue({ limit: 0.5 }), { a: [0, 0, 0, 0] }, [3, -3, 0.25, 0]);
    expect(clipped).toEqual([0.5, -0.5, 0.25, 0]);
  });

  it("clipByValue() passes NaN on", () => {
    expect(transformed(clipByValue(), { a: [0, 0] }, [Number.NaN, 2])).toEqual([Number.NaN, 1]);
  });

  it("clipByGlobalNorm() scales all tensors by one factor: 3 and 4 over two tensors have norm 5", () => {
    const [a, b] = transformed(clipByGlobalNorm({ maxNorm: 1 }), { a: [0], b: [0] }, [3, -4]);
    const factor = 1 / (5 + 1e-6); // norm 0.9999998, as torch's
    expect(a).toBeCloseTo(3 * factor, 7);
    expect(b).toBeCloseTo(-4 * factor, 7);
    expect(Math.hypot(a!, b!)).toBeLessThan(1);
  });

  it("clipByGlobalNorm() leaves a shorter gradient as it is, and zero at zero", () => {
    expect(transformed(clipByGlobalNorm({ maxNorm: 6 }), { a: [0], b: [0] }, [3, -4])).toEqual([3, -4]);
    expect(transformed(clipByGlobalNorm(), { a: [0], b: [0] }, [0, 0])).toEqual([0, 0]);
  });

  it("clipByGlobalNorm() does not overflow where the squares leave float32", () => {
    const [a, b] = transformed(clipByGlobalNorm(), { a: [0], b: [0] }, [3e20, 4e20]); // squares of 1e41
    expect(a).toBeCloseTo(0.6, 6);
    expect(b).toBeCloseTo(0.8, 6);
  });

  it("clipByGlobalNorm() shows a gradient that is not finite instead of hiding it", () => {
    expect(transformed(clipByGlobalNorm(), { a: [0], b: [0] }, [Number.NaN, 1])).toEqual([
      Number.NaN,
      Number.NaN,
    ]);
    expect(transformed(clipByGlobalNorm(), { a: [0] }, [Infinity])).toEqual([Number.NaN]);
  });

  it("addDecayedWeights() adds the parameter to its gradient", () => {
    expect(transformed(addDecayedWeights({ weightDecay: 0.5 }), { a: [2, -4] }, [1, 1])).toEqual([2, -1]);
  });

  it("no transform touches the caller's gradient", () => {
    const given = [3, -4, 0.25];
    for (const make of Object.values(transforms)) {
      const { step, gradients } = setUp(engine, chain(make(), adamw), { a: [1, 2, 3] });
      step(given);
      expect([...gradients]).toEqual(given);
    }
  });
});

describe("transforms", () => {
  it("are listed under their own names, with summary and source", () => {
    for (const [name, make] of Object.entries(transforms)) {
      const link = make();
      expect(link.name).toBe(name);
      expect(link.summary).not.toBe("");
      expect(link.source).not.toBe("");
    }
  });

  it("refuse values outside their domain and unknown names", () => {
    expect(() => clipByGlobalNorm({ maxNorm: 0 })).toThrow(
      "Cannot use clipByGlobalNorm as maxNorm must be positive: current value is 0",
    );
    expect(() => clipByValue({ limit: -1 })).toThrow("limit must be finite and not negative");
    expect(() => addDecayedWeights({ weightDecay: Number.NaN })).toThrow("current value is NaN");
    expect(() => transforms.clipByValue!({ limits: 1 })).toThrow('did you mean "limit"?');
  });
});

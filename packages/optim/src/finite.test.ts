/** Checked gradients: a step with one that is not finite is refused, by name, and changes nothing. */
import { describe, expect, it } from "vitest";
import { ENGINES, setUp } from "../laws/set-up.ts";
import { NonFiniteGradientError } from "./finite.ts";
import { adam } from "./rules/index.ts";

describe.each(ENGINES)("Optimizer with check: finite, on the %s engine", (engine) => {
  it.each([
    [[1, 2, Number.NaN, 3], 'element 0 of the gradient of "b" is NaN'],
    [[1, Infinity, Number.NaN, 3], 'element 1 of the gradient of "a" is Infinity'],
    [[-Infinity, 0, 0, 0], 'element 0 of the gradient of "a" is -Infinity'],
  ])("refuses %j with parameter and step, before anything changes", (bad, message) => {
    const { optimizer, parameters, step } = setUp(
      engine,
      adam,
      { a: [1, 2], b: [3, 4] },
      { check: "finite" },
    );
    step([1, 1, 1, 1]);
    const before = { parameters: [...parameters], state: optimizer.state() };
    expect(() => step(bad)).toThrow(NonFiniteGradientError);
    expect(() => step(bad)).toThrow(`Cannot take step 2 as every gradient must be finite: ${message}`);
    expect({ parameters: [...parameters], state: optimizer.state() }).toEqual(before);
    step([1, 1, 1, 1]);
    expect(optimizer.stepCount).toBe(2);
  });

  it("does not look at parameters that are frozen", () => {
    const choices = { check: "finite", groups: [{ match: "a", frozen: true }] } as const;
    const { step } = setUp(engine, adam, { a: [1], b: [2] }, choices);
    expect(() => step([Number.NaN, 1])).not.toThrow();
  });

  it("takes the largest numbers for what they are", () => {
    const { step } = setUp(engine, adam, { a: [1, 1] }, { check: "finite" });
    expect(() => step([3e38, -3e38])).not.toThrow();
  });

  it("without the check, a NaN is passed on and seen", () => {
    const { parameters, step } = setUp(engine, adam, { a: [1, 2] });
    step([Number.NaN, 1]);
    expect(parameters[0]).toBeNaN();
    expect(parameters[1]).toBeLessThan(2);
  });
});

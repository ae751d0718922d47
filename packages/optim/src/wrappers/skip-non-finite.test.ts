/** Steps with a gradient that is not finite are left out, as if they had never been asked for. */
import { describe, expect, it } from "vitest";
import { ENGINES, setUp } from "../../laws/set-up.ts";
import { NonFiniteGradientError } from "../finite.ts";
import { chain } from "../rule.ts";
import { adamw } from "../rules/index.ts";
import { sam } from "./sam.ts";
import { SkipNonFinite } from "./skip-non-finite.ts";

describe.each(ENGINES)("SkipNonFinite on the %s engine", (engine) => {
  const guarded = (options?: ConstructorParameters<typeof SkipNonFinite>[1]) => {
    const world = setUp(engine, adamw, { a: [1, 2], b: [3] });
    const guard = new SkipNonFinite(world.optimizer, options);
    const step = (gradient: number[]) => {
      world.gradients.set(gradient);
      return guard.step();
    };
    return { ...world, guard, step };
  };

  it("changes nothing in a step with a gradient that is not finite, and counts it", () => {
    const { guard, step, optimizer, parameters } = guarded();
    const plain = setUp(engine, adamw, { a: [1, 2], b: [3] });
    const gradients = [
      [1, 2, 3],
      [Number.NaN, 2, 3],
      [1, Infinity, 3],
      [3, 2, 1],
      [1, 1, -Infinity],
    ];
    const taken = gradients.map(step);
    expect(taken).toEqual([true, false, false, true, false]);
    plain.step(gradients[0]!);
    plain.step(gradients[3]!);
    expect([...parameters]).toEqual([...plain.parameters]);
    expect(optimizer.state()).toEqual(plain.optimizer.state());
    expect([guard.total, guard.consecutive]).toEqual([3, 1]);
  });

  it("raises after the limit of steps in a row, naming parameter and step", () => {
    const { guard, step } = guarded({ limit: 2 });
    step([1, 1, 1]);
    expect([step([1, 1, Number.NaN]), step([1, 1, Number.NaN])]).toEqual([false, false]);
    expect(() => step([1, 1, Number.NaN])).toThrow(NonFiniteGradientError);
    expect(() => step([1, 1, Number.NaN])).toThrow(
      'Cannot take step 2 as every gradient must be finite: element 0 of the gradient of "b" is NaN',
    );
    expect(step([1, 1, 1])).toBe(true);
    expect(guard.consecutive).toBe(0);
  });

  it("takes the step after the limit, as optax does, when asked", () => {
    const { step, parameters } = guarded({ limit: 1, beyond: "accept" });
    expect(step([Number.NaN, 1, 1])).toBe(false);
    expect(parameters[0]).toBe(1);
    expect(step([Number.NaN, 1, 1])).toBe(true);
    expect(parameters[0]).toBeNaN();
  });

  it("refuses rules with several gradients per step, and limits that are none", () => {
    const { optimizer } = setUp(engine, chain(sam(), adamw), { a: [1] });
    expect(() => new SkipNonFinite(optimizer)).toThrow(TypeError);
    expect(() => guarded({ limit: -1 })).toThrow(
      "limit must be a whole number, not negative: current value is -1",
    );
  });
});

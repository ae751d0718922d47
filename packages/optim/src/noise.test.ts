/** Noise in rules: the same seed gives the same bits, on both engines, whatever the order and the grouping of parameters. */
import { stream } from "@thalweg/random";
import { describe, expect, it } from "vitest";
import { ENGINES, setUp } from "../laws/set-up.ts";
import { rule } from "./rule.ts";

const walk = rule({ name: "walk", hyper: { lr: 1 }, update: "theta = theta + lr * noise" });
const zeros = { a: [0, 0, 0], b: [0] };
const still = [0, 0, 0, 0];

describe.each(ENGINES)("noise on the %s engine", (engine) => {
  const path = (seed: number, steps = 3) => {
    const { parameters, step } = setUp(engine, walk, zeros, { seed });
    return Array.from({ length: steps }, () => {
      step(still);
      return [...parameters];
    });
  };

  it("is a pure function of seed, parameter and step", () => {
    const [first] = path(7, 1);
    const drawn = ["a", "b"].map((name) => stream(7, `noise ${name}`, 1));
    const expected = [0, 0, 0, 1].map((i) => Math.fround(drawn[i]!.normal()));
    expect(first).toEqual(expected);
    expect(path(7)).toEqual(path(7));
    expect(path(8)[0]).not.toEqual(path(7)[0]);
    expect(path(7)[1]).not.toEqual(path(7)[0]!.map((x) => 2 * x)); // new in each step
  });

  it("does not depend on groups, and continues from a saved state", () => {
    const grouped = setUp(engine, walk, zeros, { seed: 7, groups: [{ match: "b" }] });
    grouped.step(still);
    grouped.step(still);
    expect([...grouped.parameters]).toEqual(path(7)[1]);
    const resumed = setUp(engine, walk, zeros, { seed: 7 });
    resumed.parameters.set(grouped.parameters);
    resumed.optimizer.load(grouped.optimizer.state());
    resumed.step(still);
    expect([...resumed.parameters]).toEqual(path(7)[2]);
  });

  it("has mean 0 and variance 1", () => {
    const n = 20_000;
    const { parameters, step } = setUp(engine, walk, { a: new Array<number>(n).fill(0) });
    step(new Array<number>(n).fill(0));
    const values = [...parameters];
    const mean = values.reduce((sum, x) => sum + x, 0) / n;
    const variance = values.reduce((sum, x) => sum + x * x, 0) / n;
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n)); // four standard errors; the seed is fixed
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
  });
});

describe("noise", () => {
  it("wants a seed, and says so when the optimizer is made", () => {
    expect(() => setUp("reference", walk, zeros, { seed: -1 })).toThrow(
      "seed must be a whole number in [0, 2^53): current value is -1",
    );
    expect(() => setUp("reference", walk, zeros, { seed: 0.5 })).toThrow(RangeError);
  });

  it("has the same bits on both engines", () => {
    const [exact, fast] = ENGINES.map((engine) => {
      const { parameters, step } = setUp(engine, walk, zeros, { seed: 3 });
      step(still);
      return [...parameters];
    });
    expect(fast).toEqual(exact);
  });
});

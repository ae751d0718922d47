/** State that does not start at zero, and state that is one number: worked by hand, on both engines. */
import { describe, expect, it } from "vitest";
import { ENGINES, setUp, shaker } from "../laws/set-up.ts";
import { chain, type Rule, rule } from "./rule.ts";
import { rules } from "./rules/index.ts";

/** Distance from the start, averaged: keeps the first theta, one average per tensor, one maximum for all. */
const explorer = rule({
  name: "explorer",
  hyper: { lr: 0.5, start: 3 },
  state: {
    origin: { initial: "theta" },
    rate: { initial: "2 * start" },
    average: { shape: "scalar", initial: "start" },
    farthest: { shape: "shared", initial: "start + 1" },
  },
  update: `
    average = (average + sum(abs(g))) / 2
    farthest = max(farthest, sumAll(g))
    rate = rate + 1
    theta = theta - lr * g + 0 * farthest`,
});

const keepsMatrices = ({ program }: Rule) => program.matrices.length > 0;

describe.each(["reference", "wasm"] as const)("state on the %s engine", (engine) => {
  it("starts from a formula of theta and hyperparameters, before the first step and never again", () => {
    const { optimizer, step } = setUp(engine, explorer, { a: [1, 2], b: [10] });
    step([4, -2, 6]);
    step([4, -2, 6]);
    const { parameters } = optimizer.state();
    expect([...parameters.a!.slots.origin!]).toEqual([1, 2]);
    expect([...parameters.b!.slots.origin!]).toEqual([10]);
    expect([...parameters.a!.slots.rate!]).toEqual([8, 8]); // 2 · 3, then twice + 1
  });

  it("keeps one number per tensor apart from one number for all", () => {
    const { optimizer, step } = setUp(engine, explorer, { a: [1, 2], b: [10] });
    step([4, -2, 6]);
    const { parameters, shared } = optimizer.state();
    expect(parameters.a!.scalars).toEqual({ average: (3 + 6) / 2 });
    expect(parameters.b!.scalars).toEqual({ average: (3 + 6) / 2 });
    expect(shared).toEqual({ explorer: { farthest: 8 } }); // max(4, 4 − 2 + 6)
    step([0, 0, 1]);
    expect(optimizer.state().parameters.a!.scalars).toEqual({ average: 4.5 / 2 });
    expect(optimizer.state().parameters.b!.scalars).toEqual({ average: 5.5 / 2 });
    expect(optimizer.state().shared).toEqual({ explorer: { farthest: 8 } });
  });

  it("continues from a saved state bit for bit", () => {
    const through = setUp(engine, explorer, { a: [1, 2], b: [10] });
    through.step([4, -2, 6]);
    const saved = through.optimizer.state();
    const resumed = setUp(engine, explorer, { a: [3, 3], b: [4] });
    resumed.parameters.set(through.parameters);
    resumed.optimizer.load(saved);
    for (const world of [through, resumed]) world.step([0.1, 0.7, -3]);
    expect(resumed.optimizer.state()).toEqual(through.optimizer.state());
    expect(resumed.parameters).toEqual(through.parameters);
  });

  it("uses the new value of a number in the same step, as the text says", () => {
    const normalised = rule({
      name: "normalised",
      hyper: { lr: 1 },
      state: { v: { shape: "scalar" } },
      update: `
        v = v + dot(g, g)
        theta = theta - lr * g / sqrt(v)`,
    });
    const { parameters, step } = setUp(engine, normalised, { a: [0, 0], b: [0] });
    step([3, 4, 2]); // norms 5 and 2
    expect(parameters[0]).toBeCloseTo(-3 / 5, 6);
    expect(parameters[2]).toBeCloseTo(-1, 6);
    step([3, 4, 2]);
    expect(parameters[0]).toBeCloseTo(-3 / 5 - 3 / Math.sqrt(50), 6);
  });
});

describe.each(Object.values(rules).filter(keepsMatrices))("$name, which keeps matrices,", (one) => {
  const tensors = { weight: [0.5, -1, 0.25, 2, 1, -0.5], kernel: [1, 2, -1, 0.5, 0.1, -2, 1, 1] };
  const segments = [
    { name: "weight", shape: [2, 3], offset: 0, size: 6 },
    { name: "kernel", shape: [2, 1, 2, 2], offset: 6, size: 8 },
  ];
  const shake = shaker(3);
  const gradients = Array.from({ length: 14 }, () => Array.from({ length: 14 }, shake));

  it.each(ENGINES)("continues from a saved state on the %s engine, bit for bit", (engine) => {
    for (const saveAt of [0, 1, 5, 11]) {
      const through = setUp(engine, one, tensors, { segments });
      for (const gradient of gradients.slice(0, saveAt)) through.step(gradient);
      const resumed = setUp(engine, one, tensors, { segments });
      resumed.step(gradients[9]!); // whatever went on before must not matter
      resumed.parameters.set(through.parameters);
      resumed.optimizer.load(through.optimizer.state());
      for (const world of [through, resumed])
        for (const gradient of gradients.slice(saveAt)) world.step(gradient);
      expect(resumed.parameters).toEqual(through.parameters);
      expect(resumed.optimizer.state()).toEqual(through.optimizer.state());
    }
  });

  it("refuses a state of the transposed matrix", () => {
    const { optimizer } = setUp("reference", one, tensors, { segments });
    const turned = [{ ...segments[0]!, shape: [3, 2] }, segments[1]!];
    const other = setUp("reference", one, tensors, { segments: turned });
    expect(() => other.optimizer.load(optimizer.state())).toThrow(
      'Cannot load an optimizer state as "weight" has the shape [3,2]: the state was saved for [2,3]',
    );
  });
});

describe("rule() with state that is one number", () => {
  const declare = (update: string, shape: "scalar" | "shared", initial = "0") =>
    rule({
      name: "wrong",
      hyper: { lr: 1 },
      state: { d: { shape, initial } },
      update: `${update}\ntheta = theta - lr * g`,
    });

  it("refuses a value per element, and a value per tensor where it is shared", () => {
    expect(() => declare("d = g", "scalar")).toThrow(
      /line 1, column 5: found a value per element, accepted here: one number/,
    );
    expect(() => declare("d = sum(g)", "shared")).toThrow(
      /found a value per tensor, accepted here: one number for all tensors/,
    );
    expect(() => declare("d = size(g)", "shared")).toThrow(/found a value per tensor/);
    expect(() => declare("d = d + sumAll(g)", "shared")).not.toThrow();
  });

  it("load() refuses a state that lacks a number, of a tensor or of all", () => {
    const { optimizer } = setUp("reference", explorer, { a: [1] });
    const { parameters, shared, version } = optimizer.state();
    const bare = { a: { ...parameters.a!, scalars: {} } };
    expect(() => optimizer.load({ version, parameters: bare, shared })).toThrow(
      'lacks the number "average" of "a"',
    );
    expect(() => optimizer.load({ version, parameters, shared: {} })).toThrow(
      'lacks the number "farthest" of "a"',
    );
  });

  it("refuses initial values that are no formula or of another shape", () => {
    expect(() => declare("d = d", "scalar", "theta")).toThrow(/wrong, initial value of d/);
    expect(() => declare("d = d", "scalar", "lrr")).toThrow(/did you mean "lr"/);
    expect(() => declare("d = d", "scalar", "1 +")).toThrow(/wrong, initial value of d/);
  });

  it("keeps the numbers of two links in a chain apart", () => {
    const counter = rule({
      name: "one",
      hyper: { lr: 1 },
      state: { k: { shape: "shared" } },
      update: "k = k + 1\ntheta = theta - lr * k",
    });
    const both = chain(counter, counter);
    const { optimizer, step, parameters } = setUp("reference", both, { a: [0] });
    step([0]);
    step([0]);
    expect(optimizer.state().shared).toEqual({ "one > one": { "one.k": 2, "one#2.k": 2 } });
    expect([...parameters]).toEqual([-6]);
  });
});

/** Steps with more than one gradient, and parameters to evaluate with that differ from those trained: by hand. */
import { describe, expect, it } from "vitest";
import { setUp } from "../laws/set-up.ts";
import { chain, gradientTransform, rule } from "./rule.ts";

/** Climb by rho along the gradient, then descend from the old place by the gradient found there. */
const climber = rule({
  name: "climber",
  hyper: { lr: 0.1, rho: 0.5 },
  state: ["origin"],
  before: [{ update: "origin = theta\n theta = theta + rho * g / normAll(g)" }],
  update: "theta = origin - lr * g",
});

/** Trains y; the average x of all y is what is evaluated. */
const averaging = rule({
  name: "averaging",
  hyper: { lr: 1 },
  state: { x: { initial: "theta" } },
  update: `
    theta = theta - lr * g
    x = x + (theta - x) / (t + 1)`,
  view: "x",
});

describe.each(["reference", "wasm"] as const)("Optimizer on the %s engine", (engine) => {
  it("prepare() applies what comes before the update to a gradient of its own", () => {
    const { optimizer, parameters, gradients } = setUp(engine, climber, { a: [1], b: [2] });
    const [phase, ...more] = optimizer.phasesDue();
    expect(more).toEqual([]);
    expect(phase).toEqual({ gradient: "batch", every: 1 });
    gradients.set([3, 4]);
    optimizer.prepare(phase!);
    expect(parameters[0]).toBeCloseTo(1 + (0.5 * 3) / 5, 6);
    expect(parameters[1]).toBeCloseTo(2 + (0.5 * 4) / 5, 6);
    gradients.set([10, -10]);
    optimizer.step();
    expect(parameters[0]).toBeCloseTo(1 - 1, 6);
    expect(parameters[1]).toBeCloseTo(2 + 1, 6);
    expect(optimizer.stepCount).toBe(1);
  });

  it("phasesDue() asks for a phase in steps 1, 1 + every, 1 + 2·every …", () => {
    const refreshed = rule({
      name: "refreshed",
      hyper: { lr: 0.1 },
      state: { h: { initial: "1" } },
      before: [{ update: "h = g^2 + t", gradient: "sampled-labels", every: 3 }],
      update: "theta = theta - lr * g / h",
    });
    const { optimizer, gradients } = setUp(engine, refreshed, { a: [1] });
    const due: number[] = [];
    for (let step = 1; step <= 7; step++) {
      for (const phase of optimizer.phasesDue()) {
        due.push(step);
        gradients.set([2]);
        optimizer.prepare(phase);
        expect(optimizer.state().parameters.a!.slots.h![0]).toBe(4 + step);
      }
      gradients.set([1]);
      optimizer.step();
    }
    expect(due).toEqual([1, 4, 7]);
  });

  it("step() refuses while a phase that is due has not been prepared, and then nothing has happened", () => {
    const { optimizer, parameters, gradients } = setUp(engine, climber, { a: [1] });
    gradients.set([1]);
    expect(() => optimizer.step()).toThrow(
      /Cannot take step 1 as its update comes after 1 phase .* of which 0 were prepared/,
    );
    expect([optimizer.stepCount, parameters[0]]).toEqual([0, 1]);
    optimizer.prepare(optimizer.phasesDue()[0]!);
    optimizer.step();
    expect(() => optimizer.step()).toThrow(/Cannot take step 2/);
  });

  it("prepare() refuses a phase outside its turn", () => {
    const half = "theta = theta / 2";
    const twice = rule({
      name: "twice",
      hyper: { lr: 1 },
      before: [{ update: half }, { update: half, every: 2 }],
      update: "theta = theta - lr * g",
    });
    const { optimizer, parameters } = setUp(engine, twice, { a: [8] });
    const [first, second] = optimizer.phasesDue();
    expect(() => optimizer.prepare(second!)).toThrow(
      "Cannot prepare this phase in step 1 as phases must come in the order of phasesDue(), each once: phase 1 of 2 is next",
    );
    optimizer.prepare(first!);
    expect(() => optimizer.prepare(first!)).toThrow("phase 2 of 2 is next");
    optimizer.prepare(second!);
    expect(() => optimizer.prepare(second!)).toThrow("the 2 that are due are done");
    optimizer.step();
    expect(optimizer.phasesDue()).toEqual([first]);
    expect(() => optimizer.prepare(second!)).toThrow("phase 1 of 1 is next");
    expect(() => optimizer.prepare({ ...first! })).toThrow("phase 1 of 1 is next");
    expect([...parameters]).toEqual([2]);
  });

  it("load() forgets what was prepared of a step", () => {
    const { optimizer, gradients } = setUp(engine, climber, { a: [1] });
    const state = optimizer.state();
    gradients.set([1]);
    optimizer.prepare(optimizer.phasesDue()[0]!);
    optimizer.load(state);
    expect(() => optimizer.step()).toThrow(/of which 0 were prepared/);
  });

  it("writeView() writes what the rule evaluates with, and leaves the parameters alone", () => {
    const { optimizer, parameters, step } = setUp(engine, averaging, { a: [0], b: [8] });
    const out = parameters.slice();
    expect(optimizer.hasView).toBe(true);
    optimizer.writeView(out);
    expect([...out]).toEqual([0, 8]); // before the first step: the parameters
    step([-6, 0]); // θ = 6: x = 0 + (6 − 0)/2
    step([-6, 0]); // θ = 12: x = 3 + (12 − 3)/3
    optimizer.writeView(out);
    expect([...out]).toEqual([6, 8]);
    expect([...parameters]).toEqual([12, 8]);
  });

  it("writeView() copies parameters whose rule has no view", () => {
    const plain = rule({ name: "plain", hyper: { lr: 1 }, update: "theta = theta - lr * g" });
    const groups = [{ match: "b", rule: plain }];
    const { optimizer, parameters, step } = setUp(engine, averaging, { a: [0], b: [8] }, { groups });
    step([-6, 1]);
    const out = parameters.slice();
    optimizer.writeView(out);
    expect([...out]).toEqual([3, 7]);
  });

  it("continues from a saved state, also where phases are due now and then", () => {
    const run = (world: ReturnType<typeof setUp>, steps: number) => {
      for (let k = 0; k < steps; k++) {
        for (const phase of world.optimizer.phasesDue()) {
          world.gradients.set([1 + world.optimizer.stepCount]);
          world.optimizer.prepare(phase);
        }
        world.gradients.set([0.3]);
        world.optimizer.step();
      }
    };
    const through = setUp(engine, climber, { a: [1] });
    run(through, 3);
    const resumed = setUp(engine, climber, { a: [5] });
    resumed.optimizer.load(through.optimizer.state());
    resumed.parameters.set(through.parameters);
    for (const world of [through, resumed]) run(world, 4);
    expect(resumed.parameters).toEqual(through.parameters);
    expect(resumed.optimizer.state()).toEqual(through.optimizer.state());
  });
});

describe("rule() with phases and views", () => {
  it("keeps the names of two links apart in a chain", () => {
    const halved = gradientTransform({ name: "halved", hyper: { rho: 0.25 }, update: "g = rho * g" });
    const both = chain(halved, climber);
    const { optimizer, parameters, gradients } = setUp("reference", both, { a: [0] });
    gradients.set([1]);
    optimizer.prepare(optimizer.phasesDue()[0]!);
    expect([...parameters]).toEqual([0.5]); // the climber's own rho, and its gradient as it was evaluated
    gradients.set([4]);
    optimizer.step();
    expect([...parameters]).toEqual([-0.1]); // a quarter
  });

  it("says in which phase a formula is wrong", () => {
    const declare = (update: string, every = 1) =>
      rule({
        name: "wrong",
        hyper: { lr: 1 },
        before: [{ update, every }],
        update: "theta = theta - lr * g",
      });
    expect(() => declare("theta = thata")).toThrow(
      /wrong, phase 1 at line 1, column 9.*did you mean "theta"/s,
    );
    expect(() => declare("theta = g", 0)).toThrow(
      /every of a phase must be a whole number of steps, at least 1: current value is 0/,
    );
    expect(() => rule({ name: "wrong", update: "theta = theta - g", view: "x" })).toThrow(/wrong, view/);
  });
});

import { FormulaError, scheduleStages } from "@thalweg/formula";
import katex from "katex";
import { describe, expect, it } from "vitest";
import { LAWS } from "../laws/laws.ts";
import { setUp } from "../laws/set-up.ts";
import {
  chain,
  gradientTransform,
  type Link,
  parameterTransform,
  type Rule,
  rule,
  ruleToLatex,
  withHyper,
} from "./rule.ts";
import { adam, adamw, momentum, rules, sgd } from "./rules/index.ts";
import { addDecayedWeights, clipByGlobalNorm, clipByValue, transforms } from "./transforms/index.ts";
import { wrap } from "./wrappers/index.ts";

const stageCount = ({ program }: Rule) => scheduleStages(program).length;

describe("rule()", () => {
  it("keeps the name, defaults and state of its declaration", () => {
    const declared = rule({
      name: "heavy",
      hyper: { lr: 0.5, mu: 2 },
      state: ["b"],
      update: "b = mu * b + g\ntheta = theta - lr * b",
    });
    expect(declared).toMatchObject({ name: "heavy", hyper: { lr: 0.5, mu: 2 }, state: ["b"] });
    expect(declared.links).toMatchObject([{ kind: "rule", summary: "", source: "" }]);
  });

  it("does what its formula says", () => {
    const heavy = rule({
      name: "heavy",
      hyper: { lr: 0.5, mu: 2 },
      state: ["b"],
      update: "b = mu * b + g\ntheta = theta - lr * b",
    });
    const { step, parameters } = setUp("reference", heavy, { w: [10] });
    step([2]); // b = 2, theta = 10 - 1
    expect(parameters[0]).toBe(9);
    step([1]); // b = 2·2 + 1 = 5, theta = 9 - 2.5
    expect(parameters[0]).toBe(6.5);
  });

  it("does not change when the declaration is changed later", () => {
    const hyper = { lr: 0.1 };
    const state = ["b"];
    const declared = rule({ name: "late", hyper, state, update: "b = g\ntheta = theta - lr * b" });
    hyper.lr = 7;
    state.push("c");
    expect(declared.links[0]).toMatchObject({ hyper: { lr: 0.1 }, state: ["b"] });
  });

  it.each(["", "2fast", "with space", "a.b", "a#2", "naïve"])("refuses the name %j", (name) => {
    expect(() => rule({ name, update: "theta = theta - g" })).toThrow(
      `Cannot declare a rule as its name must start with a letter and hold letters, digits and "-": found ${JSON.stringify(name)}`,
    );
  });

  it("refuses defaults outside their domain", () => {
    const declare = (hyper: Record<string, number>) => () =>
      rule({ name: "bad", hyper, update: "theta = theta - g" });
    expect(declare({ lr: -0.1 })).toThrow(
      "Cannot use bad as lr must be finite and not negative: current value is -0.1",
    );
    expect(declare({ beta1: 1 })).toThrow("Cannot use bad as beta1 must be in [0, 1): current value is 1");
    expect(declare({ anything: Number.NaN })).toThrow(
      "anything must be a finite number: current value is NaN",
    );
    expect(declare({ lr: "0.1" as unknown as number })).toThrow(RangeError);
  });

  it("takes a hyperparameter that is called like a method of objects", () => {
    const odd = rule({
      name: "odd",
      hyper: { constructor: 2, valueOf: 3 },
      update: "theta = theta - constructor * valueOf * g",
    });
    const { step, parameters } = setUp("reference", withHyper(odd, { valueOf: 4 }), { w: [10] });
    step([1]);
    expect(parameters[0]).toBe(2); // 10 - 2·4
  });

  it("refuses a formula without an assignment to theta, or with a slot that is never updated", () => {
    expect(() => rule({ name: "idle", update: "g = 2 * g" })).toThrow(FormulaError);
    expect(() => rule({ name: "idle", state: ["m"], update: "theta = theta - g" })).toThrow(/"m"/);
  });
});

describe("withHyper()", () => {
  it("changes defaults and leaves the original alone", () => {
    const fast = withHyper(sgd, { lr: 3 });
    expect([fast.hyper.lr, fast.links[0]!.hyper.lr, sgd.hyper.lr]).toEqual([3, 3, 0.01]);
    expect(fast.program).toBe(sgd.program);
  });

  it("refuses unknown names with the nearest, and values outside their domain", () => {
    expect(() => withHyper(adamw, { weightdecay: 0 })).toThrow(
      'Cannot use adamw as it has no hyperparameter "weightdecay": it has lr, beta1, beta2, eps, weightDecay; did you mean "weightDecay"?',
    );
    expect(() => withHyper(adamw, { lr: Number.NaN })).toThrow(
      "Cannot use adamw as lr must be finite and not negative: current value is NaN",
    );
    expect(() => withHyper(sgd, { toString: 1 })).toThrow('no hyperparameter "toString"');
  });

  it("reaches every link of a chain by its qualified name, and survives chaining again", () => {
    const both = withHyper(chain(addDecayedWeights(), adamw), { "adamw.weightDecay": 0.5 });
    expect(both.links.map(({ hyper }) => hyper.weightDecay)).toEqual([1e-4, 0.5]);
    expect(chain(clipByValue(), both).hyper).toMatchObject({
      "addDecayedWeights.weightDecay": 1e-4,
      "adamw.weightDecay": 0.5,
    });
  });
});

describe("chain()", () => {
  it("qualifies a hyperparameter that two links share, and only that", () => {
    expect(chain(addDecayedWeights({ weightDecay: 0.3 }), adamw).hyper).toEqual({
      "addDecayedWeights.weightDecay": 0.3,
      lr: 1e-3,
      beta1: 0.9,
      beta2: 0.999,
      eps: 1e-8,
      "adamw.weightDecay": 1e-2,
    });
  });

  it("tells the qualified names to one who uses the short one", () => {
    expect(() => withHyper(chain(addDecayedWeights(), adamw), { weightDecay: 0.1 })).toThrow(
      'did you mean "addDecayedWeights.weightDecay" or "adamw.weightDecay"?',
    );
  });

  it("checks a qualified name like the short one", () => {
    expect(() => withHyper(chain(addDecayedWeights(), adamw), { "adamw.weightDecay": -1 })).toThrow(
      "adamw.weightDecay must be finite and not negative: current value is -1",
    );
  });

  it("qualifies state that two links share, and numbers links of one name", () => {
    const average = gradientTransform({ name: "average", state: ["m"], update: "m = (m + g) / 2\ng = m" });
    expect(chain(average, adam).state).toEqual(["average.m", "adam.m", "v"]);
    expect(chain(average, average, average, sgd).state).toEqual(["average.m", "average#2.m", "average#3.m"]);
  });

  it("runs its links in order on one gradient: two averages, then a step", () => {
    const average = gradientTransform({ name: "average", state: ["m"], update: "m = (m + g) / 2\ng = m" });
    const { step, parameters, optimizer } = setUp("reference", chain(average, average, sgd), { w: [0] });
    step([8]); // m = 4, m#2 = 2, theta = -0.01 · 2
    step([0]); // m = 2, m#2 = 2, theta = -0.01 · 4
    expect(parameters[0]).toBeCloseTo(-0.04, 15);
    expect(optimizer.state().parameters.w!.slots).toEqual({
      "average.m": Float64Array.of(2),
      "average#2.m": Float64Array.of(2),
    });
  });

  it("lets a hyperparameter of one link be called like a state slot of another", () => {
    const scale = gradientTransform({ name: "scale", hyper: { b: 3 }, update: "g = b * g" });
    const { step, parameters } = setUp("reference", chain(scale, momentum), { w: [1] });
    step([2]); // g = 6, b = 6, theta = 1 - 0.01 · 6
    expect(parameters[0]).toBeCloseTo(0.94, 15);
  });

  it("order matters: decay then clip, clip then decay", () => {
    const clip = clipByValue({ limit: 1 });
    const decay = addDecayedWeights({ weightDecay: 0.5 });
    const after = (...links: (Rule | Link)[]) => {
      const { step, parameters } = setUp("reference", withHyper(chain(...links), { lr: 1 }), { w: [4] });
      step([3]);
      return parameters[0];
    };
    expect(after(decay, clip, sgd)).toBe(3); // g = 3 + 2 = 5 → 1
    expect(after(clip, decay, sgd)).toBe(1); // g = 1 + 2 = 3
  });

  it("projects with a parameter transform after the rule", () => {
    const nonNegative = parameterTransform({ name: "nonNegative", update: "theta = max(theta, 0)" });
    const { step, parameters } = setUp("reference", withHyper(chain(sgd, nonNegative), { lr: 1 }), {
      w: [1, 1],
    });
    step([3, -3]);
    expect([...parameters]).toEqual([0, 4]);
  });

  it("needs a rule, and one after every gradient transform", () => {
    expect(() => chain()).toThrow("Cannot chain nothing as a chain needs a rule that moves the parameters");
    expect(() => chain(clipByValue(), addDecayedWeights())).toThrow(
      "Cannot chain clipByValue, addDecayedWeights as a chain needs a rule",
    );
    expect(() => chain(sgd, clipByValue())).toThrow(
      "Cannot chain sgd, clipByValue as clipByValue changes the gradient for rules after it, and there is none: put it before sgd",
    );
  });

  const { exempt: several = {} } = LAWS["is one pass over memory"]!;
  const elementwise = Object.values(rules).filter(({ name }) => !Object.hasOwn(several, name));

  it("a chain of elementwise links is one pass over memory, as is every elementwise rule of the catalogue", () => {
    for (const one of elementwise) expect(stageCount(one), one.name).toBe(1);
    expect(stageCount(chain(clipByValue(), addDecayedWeights(), clipByValue(), adamw))).toBe(1);
  });

  it("clipping by the global norm costs exactly one pass more, and once for two rules", () => {
    for (const one of elementwise) expect(stageCount(chain(clipByGlobalNorm(), one)), one.name).toBe(2);
    expect(stageCount(chain(clipByValue(), clipByGlobalNorm(), addDecayedWeights(), adamw))).toBe(2);
  });

  it("a pass reads and writes each vector once: adamw reads θ g m v and writes θ m v", () => {
    const [norm, update] = scheduleStages(chain(clipByGlobalNorm(), adamw).program);
    expect([norm!.loads, [...norm!.stores.keys()]]).toEqual([["g"], []]);
    expect([...update!.loads].sort()).toEqual(["g", "m", "theta", "v"]);
    expect([...update!.stores.keys()].sort()).toEqual(["m", "theta", "v"]);
  });
});

describe("ruleToLatex()", () => {
  const links = Object.entries(transforms).map(([name, make]) => [name, wrap(sgd, make())] as const);
  it.each([...Object.entries(rules), ...links])("%s: every line is LaTeX", (_, one) => {
    const lines = ruleToLatex(one);
    const statements = one.links.flatMap(({ update }) => update.trim().split("\n"));
    expect(lines.length).toBe(statements.length);
    for (const line of lines) {
      expect(katex.renderToString(line, { throwOnError: true, strict: "error" })).toContain("katex");
    }
  });

  it("sgd reads as in the papers", () => {
    expect(ruleToLatex(sgd)).toEqual(["\\theta \\leftarrow \\theta - \\eta \\, g"]);
  });
});

describe("chain() with transforms that read the rule's hyperparameters", () => {
  const shrink = parameterTransform({
    name: "shrink",
    hyper: { by: 0.5 },
    uses: ["lr", "lrPeak"],
    update: "theta = theta * (1 - lr / lrPeak * by)",
  });
  const plain = rule({ name: "plain", hyper: { lr: 0.1 }, update: "theta = theta - lr * g" });

  it("gives them the rule's value, scheduled, and what it was before the schedule", () => {
    for (const links of [
      [shrink, plain],
      [plain, shrink],
    ]) {
      const both = chain(...links);
      expect(Object.keys(both.hyper).sort()).toEqual(["by", "lr"]);
      const { parameters, optimizer } = setUp("reference", both, { a: [8] }, { hyper: { lr: 0.2 } });
      optimizer.step({ lr: 0.5 }); // half the schedule: half of one half off
      expect(parameters[0]).toBeCloseTo(6, 14);
      optimizer.step();
      expect(parameters[0]).toBeCloseTo(3, 14);
    }
  });

  it("follows the rule's name where the chain has to tell two apart", () => {
    const other = gradientTransform({ name: "other", hyper: { lr: 3 }, update: "g = lr * g" });
    const all = chain(other, shrink, plain);
    expect(Object.keys(all.hyper).sort()).toEqual(["by", "other.lr", "plain.lr"]);
    const { parameters, optimizer } = setUp("reference", all, { a: [8] });
    optimizer.step({ "plain.lr": 0.5 });
    expect(parameters[0]).toBeCloseTo(6, 14);
  });

  it("refuses a chain whose rule lacks what a transform reads", () => {
    const bare = rule({ name: "bare", update: "theta = theta - g" });
    expect(() => chain(shrink, bare)).toThrow(
      "Cannot chain shrink as it reads lr of the rule beside it: bare has no hyperparameters",
    );
  });
});

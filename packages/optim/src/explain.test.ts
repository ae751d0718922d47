/** Numbers by hand, and each known mistake beside the choice that avoids it. */
import { describe, expect, it } from "vitest";
import { type Choices, setUp } from "../laws/set-up.ts";
import { explain, explainText } from "./explain.ts";
import type { Segment } from "./groups.ts";
import { MISTAKES } from "./mistakes.ts";
import { chain, type Rule, rule, withHyper } from "./rule.ts";
import { adam, adamw, catalogue, lion, momentum, muon, nesterov, prodigy, sgd } from "./rules/index.ts";
import {
  addDecayedWeights,
  clipByGlobalNorm,
  decoupledDecay,
  fullyDecoupledDecay,
  larc,
  maximize,
} from "./transforms/index.ts";
import { cautious, noDecayOnBiasesAndNorms, sam } from "./wrappers/index.ts";

const segment = (name: string, shape: number[], offset: number): Segment => {
  const size = shape.reduce((product, n) => product * n, 1);
  return { name, shape, offset, size };
};
const segments = [segment("0.weight", [2, 2], 0), segment("0.bias", [2], 4)];
const tensors = { "0.weight": [3, 0, 4, 0], "0.bias": [1, 1] };

function explained(one: Rule, choices: Choices = {}, factors?: Record<string, number>) {
  const world = setUp("reference", one, tensors, { segments, ...choices });
  const previous = world.parameters.slice();
  world.step([3, 0, 4, 0, 1, 1], factors);
  return explain(world.optimizer, { previous });
}

describe("explain()", () => {
  it.each<[Rule, Record<string, number>, number]>([
    [sgd, { lr: 0.1 }, 0.1],
    [momentum, { lr: 0.1, momentum: 0.9 }, 1], // lr / (1 − μ)
    [momentum, { lr: 0.1, momentum: 0.9, dampening: 0.5 }, 0.5],
    [nesterov, { lr: 0.1, momentum: 0.75 }, 0.4],
    [adam, { lr: 0.1 }, 0.1],
    [lion, { lr: 0.1 }, 0.1],
    [rule({ name: "mine", hyper: { lr: 0.1 }, update: "theta = theta - 3 * lr * g" }), {}, 0.3],
  ])("finds the effective rate of $name with %o", (one, hyper, expected) => {
    const [group] = explained(withHyper(one, hyper)).groups;
    expect(group!.effectiveLr!.value).toBeCloseTo(expected, 10);
  });

  it("gives the scheduled rate of the last step", () => {
    const [group] = explained(withHyper(momentum, { lr: 0.1 }), {}, { lr: 0.5 }).groups;
    expect([group!.lr, group!.effectiveLr!.value]).toEqual([0.05, expect.closeTo(0.5, 10)]);
  });

  it("gives prodigy's rate by its estimate", () => {
    const [group] = explained(prodigy).groups;
    expect(group!.effectiveLr!.how).toMatch(/distance/);
    expect(group!.effectiveLr!.value).toBeLessThan(1e-4); // d starts at 1e-6
  });

  const decay = (one: Rule, factors?: Record<string, number>) => explained(one, {}, factors).groups[0]!.decay;

  it("finds the decay per step, decoupled or through the gradient, scheduled", () => {
    const decoupled = (perStep: number) => [
      expect.objectContaining({ kind: "decoupled", perStep: expect.closeTo(perStep, 10) }),
    ];
    expect(decay(withHyper(adamw, { lr: 0.1, weightDecay: 0.5 }))).toEqual(decoupled(0.05));
    expect(decay(withHyper(adamw, { lr: 0.1, weightDecay: 0.5 }), { lr: 0.5 })).toEqual(decoupled(0.025));
    expect(decay(chain(fullyDecoupledDecay({ weightDecay: 0.2 }), adam), { lr: 0.5 })).toEqual(
      decoupled(0.1),
    );
    expect(decay(chain(decoupledDecay({ weightDecay: 0.5 }), withHyper(sgd, { lr: 0.1 })))).toEqual(
      decoupled(0.05),
    );
    expect(decay(chain(addDecayedWeights({ weightDecay: 0.5 }), withHyper(momentum, { lr: 0.1 })))).toEqual([
      { name: "weightDecay", value: 0.5, kind: "in the gradient", perStep: expect.closeTo(0.5, 10) },
    ]);
    expect(decay(chain(addDecayedWeights(), adam))[0]!.perStep).toBeNull();
    expect(decay(sgd)).toEqual([]);
  });

  it("measures the last update beside the weights, group by group", () => {
    const groups = [{ match: "bias", hyper: { lr: 0.5 } }];
    const [bias, weight] = explained(withHyper(sgd, { lr: 0.1 }), { groups }).groups;
    expect(bias!.updateRatio).toBeCloseTo(0.5, 12);
    expect(weight!.updateRatio).toBeCloseTo(0.1, 12); // ‖0.1 g‖ / ‖θ‖ with g = θ
    expect([bias!.parameters, weight!.size]).toEqual([["0.bias"], 4]);
  });

  it("changes nothing", () => {
    const world = setUp("wasm", adamw, tensors, { segments });
    world.step([3, 0, 4, 0, 1, 1]);
    const before = [[...world.parameters], world.optimizer.state()];
    explain(world.optimizer);
    expect([[...world.parameters], world.optimizer.state()]).toEqual(before);
  });

  it("reads as text", () => {
    const text = explainText(explained(withHyper(adamw, { lr: 0.1, weightDecay: 0.5 })));
    expect(text).toContain("adamw: 2 parameters, 6 elements: 0.weight, 0.bias\n  learning rate       0.1\n");
    expect(text).toContain("decay per step      0.05 (weightDecay 0.5, decoupled)");
    expect(text).toMatch(/warning: biases and scales decay too.*\(0\.bias\)/);
  });
});

describe("MISTAKES", () => {
  interface Pair {
    code: string;
    wrong: Rule;
    right: Rule;
    rightChoices?: Choices;
  }
  const cases: Pair[] = [
    {
      code: "decay-on-biases-and-norms",
      wrong: adamw,
      right: adamw,
      rightChoices: { groups: [noDecayOnBiasesAndNorms(adamw)] },
    },
    { code: "lr-of-a-distance-estimator", wrong: withHyper(prodigy, { lr: 1e-3 }), right: prodigy },
    {
      code: "l2-before-an-adaptive-rule",
      wrong: chain(addDecayedWeights(), adam),
      right: chain(addDecayedWeights(), momentum),
    },
    {
      code: "clip-after-decay",
      wrong: chain(addDecayedWeights(), clipByGlobalNorm(), sgd),
      right: chain(clipByGlobalNorm(), addDecayedWeights(), sgd),
    },
    {
      code: "clip-after-a-rule",
      wrong: chain(sgd, clipByGlobalNorm(), sgd),
      right: chain(clipByGlobalNorm(), sgd),
    },
    {
      code: "clipped-twice",
      wrong: chain(clipByGlobalNorm(), catalogue.lamb!.rule),
      right: catalogue.lamb!.rule,
    },
    { code: "clipped-twice", wrong: chain(clipByGlobalNorm(), larc(), sgd), right: chain(larc(), sgd) },
    { code: "two-trust-ratios", wrong: chain(larc(), catalogue.lars!.rule), right: catalogue.lars!.rule },
    {
      code: "cautious-covers-the-decay",
      wrong: chain(adamw, cautious()),
      right: chain(decoupledDecay(), adam, cautious()),
    },
    {
      code: "maximize-does-not-reach-phases",
      wrong: chain(maximize(), sam(), sgd),
      right: chain(maximize(), sgd),
    },
    {
      code: "orthogonal-rule-on-the-wrong-parameters",
      wrong: rule({ name: "muon-like", hyper: { lr: 1 }, update: "theta = theta - lr * g" }), // takes the bias too
      right: muon,
    },
  ];

  it.each(cases)("$code is found, and not where it is avoided", ({ code, wrong, right, rightChoices }) => {
    expect(explained(wrong).warnings.map((one) => one.code)).toContain(code);
    expect(explained(right, rightChoices).warnings.map((one) => one.code)).not.toContain(code);
  });

  it("finds muon on a head and on embeddings by their names", () => {
    const embedding = { ...segment("wte.weight", [2, 1], 6), kind: "weight" }; // as a layer declares it
    const head = [segment("lm_head.weight", [2, 2], 0), segment("hidden.weight", [1, 2], 4), embedding];
    const values = { "lm_head.weight": [1, 2, 3, 4], "hidden.weight": [1, 2], "wte.weight": [1, 2] };
    const { optimizer } = setUp("reference", muon, values, { segments: head });
    expect(explain(optimizer).warnings).toMatchObject([
      { code: "orthogonal-rule-on-the-wrong-parameters", parameters: ["lm_head.weight", "wte.weight"] },
    ]);
  });

  it("is tested row by row", () => {
    expect(new Set(cases.map(({ code }) => code))).toEqual(new Set(MISTAKES.map(({ code }) => code)));
  });

  it("finds nothing wrong with a rule at its defaults on a matrix", () => {
    for (const { rule: one } of Object.values(catalogue)) {
      const { optimizer } = setUp(
        "reference",
        one,
        { "0.weight": [1, 2, 3, 4] },
        { segments: [segments[0]!] },
      );
      expect(explain(optimizer).warnings, one.name).toEqual([]);
    }
  });
});

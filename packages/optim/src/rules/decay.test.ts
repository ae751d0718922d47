/** Decoupled decay alone: without gradients, parameters shrink by the same share whatever the rule. */
import { describe, expect, it } from "vitest";
import { setUp } from "../../laws/set-up.ts";
import { buildRule } from "../catalogue.ts";
import { catalogue } from "./index.ts";

const shrunk = (name: string, options: Record<string, number | string>, factors: readonly number[]) => {
  const { parameters, step } = setUp("reference", buildRule(catalogue[name]!, options), { w: [1, -3] });
  for (const lr of factors) step([0, 0], { lr });
  return [...parameters];
};

describe.each(["sgdw", "adamw", "lion"])("%s without gradients", (name) => {
  it("shrinks by lr · weightDecay when the decay is scaled, and so follows every change of lr", () => {
    const [a, b] = shrunk(name, { lr: 0.25, weightDecay: 0.5 }, [1, 0.5]);
    expect([a, b]).toEqual([0.875 * 0.9375, -3 * 0.875 * 0.9375]);
  });

  it("shrinks by weightDecay times the schedule's factor when it is independent, whatever lr is", () => {
    for (const lr of [0.25, 2 ** -20]) {
      expect(shrunk(name, { decay: "independent", lr, weightDecay: 0.5 }, [1, 0.5])).toEqual([0.375, -1.125]);
    }
  });

  it("leaves the parameters alone at lr 0", () => {
    for (const decay of ["scaled", "independent"]) {
      expect(shrunk(name, { decay, lr: 0, weightDecay: 0.5 }, [1, 1])).toEqual([1, -3]);
    }
  });

  it("starts, when it is independent, from what the default scaled decay does at the default lr", () => {
    const { rule } = catalogue[name]!;
    const { hyper } = buildRule(catalogue[name]!, { decay: "independent" });
    expect(hyper.weightDecay).toBe(rule.hyper.lr! * rule.hyper.weightDecay!);
  });
});

/** What groups must share, and what each may have by itself. */
import { describe, expect, it } from "vitest";
import { setUp } from "../laws/set-up.ts";
import { rule } from "./rule.ts";
import { prodigy } from "./rules/learning-rate-free/index.ts";

const sharing = rule({
  name: "sharing",
  hyper: { lr: 0.1, fade: 0.5, start: 1 },
  state: { d: { shape: "shared", initial: "start" } },
  coupled: ["lr"],
  update: `
    d = fade * d + sumAll(lr * g)
    theta = theta - lr * d * g`,
});

describe("Optimizer", () => {
  const withGroup = (hyper: Record<string, number>) =>
    setUp("reference", sharing, { a: [1], b: [2] }, { groups: [{ match: "a", hyper }] });

  it("takes groups that agree, and 0 for a coupled hyperparameter", () => {
    expect(() => withGroup({ lr: 0.1 })).not.toThrow();
    expect(() => withGroup({ lr: 0 })).not.toThrow();
  });

  it("refuses groups that differ in what shared state is computed from, also only at the start", () => {
    expect(() => withGroup({ fade: 0.2 })).toThrow(
      /Cannot use sharing as fade must be the same in all groups.*: found 0.2 and 0.5/,
    );
    expect(() => withGroup({ start: 3 })).toThrow(/start must be the same/);
    expect(() => withGroup({ lr: 0.2 })).toThrow(
      /lr must be the same in all groups, or 0 in those that take no part/,
    );
  });

  it("holds Prodigy to its authors' rule: one learning rate, or 0", () => {
    const choose = (hyper: Record<string, number>) => () =>
      setUp("reference", prodigy, { a: [1], b: [2] }, { groups: [{ match: "a", hyper }] });
    expect(choose({ weightDecay: 0.1, lr: 0 })).not.toThrow();
    expect(choose({ lr: 0.5 })).toThrow(RangeError);
    expect(choose({ beta2: 0.5 })).toThrow(RangeError);
  });
});

/** LARC by hand: the rate that each tensor gets, and whose decay counts. */
import { describe, expect, it } from "vitest";
import { ENGINES, setUp } from "../../laws/set-up.ts";
import { chain, withHyper } from "../rule.ts";
import { adamw, agd, momentum, sgd } from "../rules/index.ts";
import { larc, larcScaling, withLarc } from "./index.ts";

const gd = (lr: number) => withHyper(sgd, { lr });
const plain = { trustCoefficient: 0.1, eps: 0, weightDecay: 0 };

describe.each(ENGINES)("on the %s engine", (engine) => {
  it("larc() lets each tensor move by trustCoefficient of its norm, and never by more than lr · g", () => {
    // a: norm 5, gradient of norm 10: rate min(0.1 · 5 / 10, 0.2) = 0.05; b: 0.1 · 5 / 1 = 0.5, so 0.2
    const rule = chain(larc(plain), gd(0.2));
    const { parameters, step } = setUp(engine, rule, { a: [3, 4], b: [0, 5] });
    step([6, 8, 1, 0]);
    const expected = [3 - 0.05 * 6, 4 - 0.05 * 8, -0.2, 5];
    expected.forEach((value, i) => {
      expect(parameters[i]).toBeCloseTo(value, 6);
    });
  });

  it("larc() follows the rule's learning rate, also under a schedule", () => {
    const { parameters, step } = setUp(engine, chain(larc(plain), gd(0.2)), { a: [3, 4] });
    step([6, 8], { lr: 1 / 8 }); // lr 0.025 is below 0.05
    expect(parameters[0]).toBeCloseTo(3 - 0.025 * 6, 6);
  });

  it("larcScaling() makes lr a factor of the tensor's own rate", () => {
    const { parameters, step } = setUp(engine, chain(larcScaling(plain), gd(2)), { a: [3, 4] });
    step([6, 8]);
    expect(parameters[0]).toBeCloseTo(3 - 2 * 0.05 * 6, 6);
  });

  it("a tensor whose norm or gradient is zero is neither scaled nor decayed", () => {
    const rule = chain(larcScaling({ ...plain, weightDecay: 0.5 }), gd(0.1));
    const { parameters, step } = setUp(engine, rule, { zero: [0, 0], still: [3, 4] });
    step([1, 2, 0, 0]);
    expect(parameters[0]).toBeCloseTo(-0.1, 6);
    expect([...parameters.slice(2)]).toEqual([3, 4]);
  });
});

describe("withLarc()", () => {
  it("takes the rule's weight decay over, as apex does", () => {
    const { hyper } = withLarc(withHyper(adamw, { weightDecay: 0.3 }));
    expect(hyper["larc.weightDecay"]).toBe(0.3);
    expect(hyper["adamw.weightDecay"]).toBe(0);
    expect(withLarc(momentum, { clip: false, weightDecay: 0.1 }).hyper.weightDecay).toBe(0.1);
  });

  it("refuses a rule without a learning rate", () => {
    expect(() => withLarc(agd)).toThrow(
      /Cannot chain larc as it reads lr of the rule beside it: agd has gain/,
    );
  });
});

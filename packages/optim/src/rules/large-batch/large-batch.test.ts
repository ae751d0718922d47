/** What optax's documentation prints, and what cannot be built. */
import { describe, expect, it } from "vitest";
import { ENGINES, setUp } from "../../../laws/set-up.ts";
import { buildRule } from "../../catalogue.ts";
import { catalogue } from "../index.ts";

describe.each(ENGINES)("on the %s engine", (engine) => {
  it("lamb in the dialect optax falls as in optax's example: 13.9, 13.8, 13.8, 13.7, 13.6", () => {
    const rule = buildRule(catalogue.lamb!, { dialect: "optax", lr: 0.003 });
    const { parameters, step } = setUp(engine, rule, { x: [1, 2, 3] });
    const heights = Array.from({ length: 5 }, () => {
      step((x) => Array.from(x, (value) => 2 * value));
      return Array.from(parameters, (x) => x * x)
        .reduce((a, b) => a + b)
        .toFixed(1);
    });
    expect(heights).toEqual(["13.9", "13.8", "13.8", "13.7", "13.6"]);
  });

  it("lars moves a tensor by lr · trustCoefficient of its norm, and leaves one without decay to sgd", () => {
    const rule = buildRule(catalogue.lars!, { lr: 10, trustCoefficient: 0.01, weightDecay: 1e-30, eps: 0 });
    const groups = [{ match: "bias", hyper: { weightDecay: 0 } }];
    const { parameters, step } = setUp(engine, rule, { weight: [3, 4], bias: [1] }, { groups });
    step([0, 7, 0.01]);
    expect(parameters[1]).toBeCloseTo(4 - 10 * 0.01 * 5, 6);
    expect(parameters[2]).toBeCloseTo(1 - 10 * 0.01, 6);
  });
});

describe("larsWith()", () => {
  it("refuses what optax does not have", () => {
    expect(() => buildRule(catalogue.lars!, { dialect: "optax", trustClip: true })).toThrow(
      /dialect optax with trustClip or alwaysAdapt/,
    );
  });
});

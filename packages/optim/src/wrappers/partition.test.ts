import { describe, expect, it } from "vitest";
import { setUp } from "../../laws/set-up.ts";
import type { Segment } from "../groups.ts";
import { chain, withHyper } from "../rule.ts";
import { adamw, sgd } from "../rules/index.ts";
import { addDecayedWeights, clipByNorm, projectOntoBox } from "../transforms/index.ts";
import { byKind, byShape, kindOf, masked, noDecayOnBiasesAndNorms, wrap } from "./partition.ts";

const segment = (name: string, shape: number[], kind?: string): Segment => {
  const size = shape.reduce((product, n) => product * n, 1);
  return { name, shape, offset: 0, size, ...(kind === undefined ? {} : { kind }) };
};

describe("kindOf()", () => {
  it.each([
    [segment("0.weight", [3, 4]), "weight"],
    [segment("0.bias", [3]), "bias"],
    [segment("norm.weight", [3]), "scale"],
    [segment("temperature", []), "scale"],
    [segment("tokens.embedding", [9, 4]), "embedding"],
    [segment("transformer.wte.weight", [9, 4]), "embedding"],
    [segment("0.bias", [3], "weight"), "weight"], // what is declared counts
    [segment("positions", [9, 4], "embedding"), "embedding"],
  ])("of %j is %s", (one, expected) => {
    expect(kindOf(one)).toBe(expected);
  });
});

const segments: Segment[] = [
  { name: "w", shape: [2, 1], offset: 0, size: 2, kind: "weight" },
  { name: "b", shape: [1], offset: 2, size: 1, kind: "bias" },
  { name: "s", shape: [1], offset: 3, size: 1, kind: "scale" },
];
const tensors = { w: [1, 1], b: [1], s: [1] };

describe("groups by shape and kind", () => {
  it("take what they name", () => {
    const slow = withHyper(sgd, { lr: 1 });
    const groups = [
      { match: byKind("bias"), hyper: { lr: 2 } },
      { match: byShape((shape) => shape.length === 2), hyper: { lr: 3 } },
    ];
    const { parameters, step } = setUp("reference", slow, tensors, { segments, groups });
    step([1, 1, 1, 1]);
    expect([...parameters]).toEqual([-2, -2, -1, 0]);
  });

  it("noDecayOnBiasesAndNorms() decays weights only", () => {
    const decaying = withHyper(adamw, { lr: 0.5, weightDecay: 0.5 });
    const groups = [noDecayOnBiasesAndNorms(decaying)];
    const { parameters, step } = setUp("reference", decaying, tensors, { segments, groups });
    step([0, 0, 0, 0]);
    expect([...parameters]).toEqual([0.75, 0.75, 1, 1]);
  });

  it("noDecayOnBiasesAndNorms() finds the decay of a chain, and says when there is none", () => {
    const twice = chain(addDecayedWeights(), adamw);
    expect(noDecayOnBiasesAndNorms(twice).hyper).toEqual({
      "addDecayedWeights.weightDecay": 0,
      "adamw.weightDecay": 0,
    });
    expect(() => noDecayOnBiasesAndNorms(sgd)).toThrow(
      "Cannot take biases and norms out of the decay as sgd has none",
    );
  });

  it("masked() transforms only what it matches", () => {
    const fast = withHyper(sgd, { lr: 1 });
    const groups = [masked(byKind("bias"), clipByNorm({ maxNorm: 0.5 }), fast)];
    const { parameters, step } = setUp("reference", fast, tensors, { segments, groups });
    step([2, 2, 2, 2]);
    expect([...parameters]).toEqual([-1, -1, 0.5, -1]);
  });

  it("wrap() puts each link on its side of the rule", () => {
    expect(wrap(sgd, projectOntoBox(), clipByNorm()).name).toBe("clipByNorm > sgd > projectOntoBox");
  });
});

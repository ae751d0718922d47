import { describe, expect, it } from "vitest";
import { setUp } from "../../../laws/set-up.ts";
import { buildRule } from "../../catalogue.ts";
import { classic, gd, sgd } from "./index.ts";

const GRADIENTS = [[4], [-2], [0], [1], [8]];

const walk = (form: string, lr: number, factors: number[] = []) => {
  const { parameters, step } = setUp("reference", buildRule(classic.momentum, { form, lr, momentum: 0.5 }), {
    w: [1],
  });
  return GRADIENTS.map((gradient, s) => {
    step(gradient, { lr: factors[s] ?? 1 });
    return parameters[0]!;
  });
};

describe("momentum", () => {
  it("by hand, in its three forms", () => {
    // b = 4, 0, 0, 1, 8.5 and θ ← θ − b / 8
    expect(walk("torch", 0.125)).toEqual([0.5, 0.5, 0.5, 0.375, -0.6875]);
    expect(walk("averaged", 0.25)).toEqual([0.5, 0.5, 0.5, 0.375, -0.6875]); // lr / (1 − μ) makes up for 1 − μ
    expect(walk("keras", 0.125)).toEqual([0.5, 0.5, 0.5, 0.375, -0.6875]);
  });

  it("forms part where lr changes: torch rescales the whole buffer, Keras only what comes", () => {
    const halved = [1, 0.5, 0.5, 0.5, 0.5];
    // torch: b as above, θ ← θ − b / 16 from the second step
    expect(walk("torch", 0.125, halved)).toEqual([0.5, 0.5, 0.5, 0.4375, -0.09375]);
    // Keras: v = −1/2, −1/4 + 1/8, −1/16, −1/32 − 1/16, −3/64 − 1/2
    expect(walk("keras", 0.125, halved)).toEqual([0.5, 0.375, 0.3125, 0.21875, -0.328125]);
  });
});

describe("gd", () => {
  it("is sgd under another name, not another program", () => {
    expect(gd.program).toBe(sgd.program);
    expect(gd.name).toBe("gd");
  });
});

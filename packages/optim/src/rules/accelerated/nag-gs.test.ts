/** The numbers that the authors print in their README. */
import { describe, expect, it } from "vitest";
import { ENGINES, setUp } from "../../../laws/set-up.ts";
import { withHyper } from "../../rule.ts";
import { nagGsWith } from "./index.ts";

describe.each(ENGINES)("nag-gs on the %s engine", (engine) => {
  const descend = (gamma: "constant" | "dynamic", gamma0: number, steps: number) => {
    const rule = withHyper(nagGsWith({ gamma }), { lr: 0.05, mu: 1, gamma0 });
    const { parameters, step } = setUp(engine, rule, { x: [1, 1, 1] });
    for (let k = 0; k < steps; k++) step((x) => Array.from(x, (value) => 2 * value)); // f = ⟨x, x⟩
    return parameters;
  };

  it("with constant gamma ends where skolai/nag-gs' NAG4 does: 0.00029082 after 200 steps", () => {
    for (const x of descend("constant", 1.5, 200)) expect(x).toBeCloseTo(0.00029082, 8);
  });

  it("with dynamic gamma ends where their nag_gs does: -6.888961e-05", () => {
    // theirs skips the first gradient, so that 200 of its steps are 199, from the second gamma, (γ + αμ)/(1 + α)
    for (const x of descend("dynamic", (1.5 + 0.05) / 1.05, 199)) {
      expect(Math.abs(x / -6.888961e-5 - 1)).toBeLessThan(1e-4); // theirs ran in float32
    }
  });
});

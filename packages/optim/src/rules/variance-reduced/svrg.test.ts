/** One epoch by hand; and the noise that goes. */
import { describe, expect, it } from "vitest";
import { ENGINES, setUp, shaker } from "../../../laws/set-up.ts";
import { withHyper } from "../../rule.ts";
import { sgd } from "../classic/index.ts";
import { svrgWith } from "./index.ts";

describe.each(ENGINES)("svrg on the %s engine", (engine) => {
  it("asks for the full gradient every so many steps, and twice for the batch's in each", () => {
    const { optimizer, gradients, parameters } = setUp(
      engine,
      withHyper(svrgWith({ every: 2 }), { lr: 0.5 }),
      {
        w: [1],
      },
    );
    const asked: string[] = [];
    const give = (answers: number[]) => {
      for (const phase of optimizer.phasesDue()) {
        asked.push(phase.gradient);
        gradients[0] = answers.shift()!;
        optimizer.prepare(phase);
      }
      asked.push(`update at ${parameters[0]}`);
      gradients[0] = answers.shift()!;
      optimizer.step();
    };
    give([4, 3, 3]); // full 4 at w̃ = 1; batch 3 at w = 1 and at w̃: w = 1 - ½ (3 - 3 + 4)
    expect(parameters[0]).toBe(-1);
    give([2, 5]); // batch 2 at w = -1, 5 at w̃ = 1: w = -1 - ½ (2 - 5 + 4)
    expect(parameters[0]).toBe(-1.5);
    give([1, 7, 7]); // a new anchor at -1.5
    expect(parameters[0]).toBe(-2);
    expect(asked).toEqual([
      ...["full", "batch", "update at 1"],
      ...["batch", "update at 1"], // the batch's last gradient is the anchor's
      ...["full", "batch", "update at -1.5"],
    ]);
  });

  it("converges with a constant learning rate where sgd hovers: least squares over eight examples", () => {
    // f_i(w) = ½ (a_i w - b_i)²: the examples disagree, so that single gradients do not vanish at the solution
    const next = shaker(5);
    const a = Array.from({ length: 8 }, () => 1 + next() / 2);
    const b = Array.from({ length: 8 }, () => 3 * next());
    const gradientOf = (i: number, w: number) => a[i]! * (a[i]! * w - b[i]!);
    const all = a.map((_, i) => i);
    const mean = (w: number) => all.reduce((sum, i) => sum + gradientOf(i, w), 0) / 8;
    const solution =
      all.reduce((sum, i) => sum + a[i]! * b[i]!, 0) / all.reduce((sum, i) => sum + a[i]! ** 2, 0);

    const distance = (rule: typeof sgd) => {
      const draw = shaker(7);
      const { optimizer, gradients, parameters } = setUp(engine, withHyper(rule, { lr: 0.1 }), { w: [4] });
      for (let k = 0; k < 400; k++) {
        const i = Math.floor((draw() + 1) * 4);
        for (const phase of optimizer.phasesDue()) {
          gradients[0] = phase.gradient === "full" ? mean(parameters[0]!) : gradientOf(i, parameters[0]!);
          optimizer.prepare(phase);
        }
        gradients[0] = gradientOf(i, parameters[0]!);
        optimizer.step();
      }
      return Math.abs(parameters[0]! - solution);
    };
    expect(distance(svrgWith({ every: 16 }))).toBeLessThan(1e-6);
    expect(distance(sgd)).toBeGreaterThan(1e-2);
  });
});

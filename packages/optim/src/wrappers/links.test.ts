/** Links that go around a rule: sharpness-aware steps, slow weights, averages and masks, by hand and beside the authors' code. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ENGINES, setUp } from "../../laws/set-up.ts";
import { HYPERPARAMETERS } from "../hyperparameters.ts";
import { chain, withHyper } from "../rule.ts";
import { adam, momentum, sgd } from "../rules/index.ts";
import { asam, cautious, ema, lookahead, sam, swa, wrapperCatalogue } from "./index.ts";

type Values = Record<string, number[]>;
interface Climb {
  start: Values;
  curvature: Values;
  steps: { climbed: Values; parameters: Values }[];
}

/** What davda54's SAM does on f = Σ a x²/2 + sin x: see record_wrappers.py. */
const climbs = JSON.parse(
  readFileSync(new URL("../../fixtures/climbs.json", import.meta.url), "utf8"),
) as Record<"sam" | "sam-far" | "asam", Climb>;

const unit = withHyper(sgd, { lr: 1 });

describe.each(ENGINES)("on the %s engine", (engine) => {
  it.each([
    ["sam", sam()],
    ["sam-far", sam({ radius: 0.7 })],
    ["asam", asam()],
  ] as const)("%s climbs and steps as its authors' code does", (name, link) => {
    const { start, curvature, steps } = climbs[name];
    const rule = chain(link, withHyper(momentum, { lr: 0.05 }));
    const { optimizer, parameters, gradients } = setUp(engine, rule, start);
    const a = Object.values(curvature).flat();
    const evaluate = () => gradients.set(Array.from(parameters, (x, i) => a[i]! * x + Math.cos(x)));
    const tolerance = engine === "reference" ? 1e-13 : 1e-6;
    const compare = (expected: Values) => {
      const errors = Object.values(expected)
        .flat()
        .map((x, i) => Math.abs(x - parameters[i]!));
      expect(Math.max(...errors)).toBeLessThan(tolerance);
    };
    for (const { climbed, parameters: after } of steps) {
      const [phase] = optimizer.phasesDue();
      evaluate();
      optimizer.prepare(phase!);
      compare(climbed);
      evaluate();
      optimizer.step();
      compare(after);
    }
  });

  it("lookahead() goes a part of the way after the fast weights every interval, and starts there again", () => {
    const { parameters, step } = setUp(engine, chain(unit, lookahead({ interval: 2, slowStep: 0.25 })), {
      a: [8],
    });
    const path = [1, 1, 1, 1].map((g) => {
      step([g]);
      return parameters[0];
    });
    expect(path).toEqual([7, 7.5, 6.5, 7]); // 8 → 6 → 8 − ¼ · 2; 7.5 → 5.5 → 7.5 − ¼ · 2
  });

  const viewsAfter = (link: ReturnType<typeof ema>, steps: number) => {
    const { optimizer, parameters, step } = setUp(engine, chain(unit, link), { a: [0] });
    const out = parameters.slice();
    return Array.from({ length: steps }, () => {
      step([-1]); // θ = 1, 2, 3, …
      optimizer.writeView(out);
      return out[0];
    });
  };

  it("ema() starts as the first parameters", () => {
    expect(viewsAfter(ema({ averageDecay: 0.5 }), 3)).toEqual([1, 1.5, 2.25]);
  });

  it("swa() is the parameters before start, then their mean at every interval", () => {
    expect(viewsAfter(swa({ start: 3, interval: 2 }), 8)).toEqual([1, 2, 3, 3, 4, 4, 5, 5]); // 3; (3+5)/2; (3+5+7)/3
    expect(viewsAfter(swa(), 4)).toEqual([1, 1.5, 2, 2.5]);
  });

  it("cautious() drops what disagrees with the gradient, and lengthens the rest by the mean of the mask", () => {
    const rule = chain(withHyper(momentum, { lr: 1, momentum: 0.5 }), cautious());
    const { parameters, step } = setUp(engine, rule, { a: [0, 0, 0, 0] });
    step([4, 4, 4, 4]); // all agree
    expect([...parameters]).toEqual([-4, -4, -4, -4]);
    step([-1, 1, 0, 2]); // b = 1, 3, 2, 4: the first disagrees, and nothing agrees with zero; half are left
    expect([...parameters]).toEqual([-4, -4 - 3 / 0.5, -4, -4 - 4 / 0.5]);
  });

  it("cautious() moves nothing where nothing agrees", () => {
    const rule = chain(withHyper(momentum, { lr: 1, momentum: 0.5 }), cautious());
    const { parameters, step } = setUp(engine, rule, { a: [0] });
    step([4]);
    step([-1]);
    expect([...parameters]).toEqual([-4]);
  });
});

describe("wrapperCatalogue", () => {
  it("names each link as it names itself, with use and watch, and the meaning of its numbers", () => {
    for (const [name, { make, use, watch }] of Object.entries(wrapperCatalogue)) {
      const { name: own, summary, source, hyper } = make();
      expect(own).toBe(name);
      expect(summary).toMatch(/^[A-Z].*\.$/);
      expect(source).toMatch(/\d{4}|torch/);
      expect(use.length).toBeGreaterThan(20);
      expect(watch.length).toBeGreaterThan(20);
      for (const one of Object.keys(hyper)) expect(Object.keys(HYPERPARAMETERS)).toContain(one);
    }
  });

  it("refuses links on the wrong side, where they would undo the step or see none", () => {
    expect(() => chain(sgd, sam())).toThrow("sam must stand before the rule: put it before sgd");
    expect(() => chain(cautious(), adam)).toThrow("cautious must stand after the rule: put it after adam");
  });

  it("refuses two links that each say what to evaluate with", () => {
    expect(() => chain(adam, ema(), swa())).toThrow(
      "Cannot chain adam, ema, swa as only one link can say which parameters to evaluate with: ema and swa both do; keep one",
    );
  });

  it("refuses numbers outside their domain", () => {
    expect(() => lookahead({ interval: 0 })).toThrow(
      "interval must be a whole number, at least 1: current value is 0",
    );
    expect(() => lookahead({ slowStep: Number.NaN })).toThrow(
      "slowStep must be in (0, 1]: current value is NaN",
    );
    expect(() => sam({ radius: -1 })).toThrow("radius must be positive: current value is -1");
    expect(() => ema({ averageDecay: 1 })).toThrow("averageDecay must be in [0, 1): current value is 1");
  });
});

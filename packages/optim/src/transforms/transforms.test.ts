/** Each transform by hand, through plain gradient descent of step 1: what theta loses is the transformed gradient. */

import { scheduleStages } from "@thalweg/formula";
import { stream } from "@thalweg/random";
import { describe, expect, it } from "vitest";
import { ENGINES, setUp, type Tensors } from "../../laws/set-up.ts";
import { HYPERPARAMETERS } from "../hyperparameters.ts";
import { chain, type Link, withHyper } from "../rule.ts";
import { adam, adamw, rules, sgd } from "../rules/index.ts";
import { wrap, wrapperCatalogue } from "../wrappers/index.ts";
import {
  adaptiveGradientClip,
  adaptiveGradientClipByTensor,
  addDecayedWeights,
  addGradientNoise,
  addL1,
  cautiousDecay,
  centralizeGradient,
  clipByBlockRms,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  decoupledDecay,
  fullyDecoupledDecay,
  keepNonNegative,
  maximize,
  projectOntoBall,
  projectOntoBox,
  softThreshold,
  transformCatalogue,
  transforms,
} from "./index.ts";

describe.each(ENGINES)("on the %s engine", (engine) => {
  function transformed(link: Link, tensors: Tensors, gradients: number[]): number[] {
    const { step, parameters } = setUp(engine, withHyper(chain(link, sgd), { lr: 1 }), tensors);
    const before = [...parameters];
    step(gradients);
    return before.map((value, i) => value - parameters[i]!);
  }

  it("clipByValue() clips each element on both sides", () => {
    const clipped = transformed(clipByValue({ limit: 0.5 }), { a: [0, 0, 0, 0] }, [3, -3, 0.25, 0]);
    expect(clipped).toEqual([0.5, -0.5, 0.25, 0]);
  });

  it("clipByValue() passes NaN on", () => {
    expect(transformed(clipByValue(), { a: [0, 0] }, [Number.NaN, 2])).toEqual([Number.NaN, 1]);
  });

  it("clipByGlobalNorm() scales all tensors by one factor: 3 and 4 over two tensors have norm 5", () => {
    const [a, b] = transformed(clipByGlobalNorm({ maxNorm: 1 }), { a: [0], b: [0] }, [3, -4]);
    const factor = 1 / (5 + 1e-6); // norm 0.9999998, as torch's
    expect(a).toBeCloseTo(3 * factor, 7);
    expect(b).toBeCloseTo(-4 * factor, 7);
    expect(Math.hypot(a!, b!)).toBeLessThan(1);
  });

  it("clipByGlobalNorm() leaves a shorter gradient as it is, and zero at zero", () => {
    expect(transformed(clipByGlobalNorm({ maxNorm: 6 }), { a: [0], b: [0] }, [3, -4])).toEqual([3, -4]);
    expect(transformed(clipByGlobalNorm(), { a: [0], b: [0] }, [0, 0])).toEqual([0, 0]);
  });

  it("clipByGlobalNorm() does not overflow where the squares leave float32", () => {
    const [a, b] = transformed(clipByGlobalNorm(), { a: [0], b: [0] }, [3e20, 4e20]); // squares of 1e41
    expect(a).toBeCloseTo(0.6, 6);
    expect(b).toBeCloseTo(0.8, 6);
  });

  it("clipByGlobalNorm() shows a gradient that is not finite instead of hiding it", () => {
    expect(transformed(clipByGlobalNorm(), { a: [0], b: [0] }, [Number.NaN, 1])).toEqual([
      Number.NaN,
      Number.NaN,
    ]);
    expect(transformed(clipByGlobalNorm(), { a: [0] }, [Infinity])).toEqual([Number.NaN]);
  });

  it("addDecayedWeights() adds the parameter to its gradient", () => {
    expect(transformed(addDecayedWeights({ weightDecay: 0.5 }), { a: [2, -4] }, [1, 1])).toEqual([2, -1]);
  });

  it("clipByNorm() scales each tensor by itself, and leaves short ones alone", () => {
    const clipped = transformed(clipByNorm({ maxNorm: 1 }), { a: [0, 0], b: [0] }, [3, 4, 0.5]);
    expect(clipped[0]).toBeCloseTo(0.6, 7);
    expect(clipped[1]).toBeCloseTo(0.8, 7);
    expect(clipped[2]).toBe(0.5);
    expect(transformed(clipByNorm(), { a: [0] }, [0])).toEqual([0]);
  });

  it("clipByBlockRms() bounds the root mean square: 3 and 1 have √5", () => {
    const clipped = transformed(clipByBlockRms({ maxRms: 1 }), { a: [0, 0], b: [0] }, [3, 1, -0.5]);
    expect(clipped[0]).toBeCloseTo(3 / Math.sqrt(5), 6);
    expect(clipped[1]).toBeCloseTo(1 / Math.sqrt(5), 6);
    expect(clipped[2]).toBe(-0.5);
  });

  const rows = { segments: [{ name: "w", shape: [2, 2], offset: 0, size: 4 }] };
  const byRows = (link: Link, values: number[], gradients: number[]) => {
    const { step, parameters } = setUp(engine, chain(link, withHyper(sgd, { lr: 1 })), { w: values }, rows);
    step(gradients);
    return values.map((value, i) => value - parameters[i]!);
  };

  it("adaptiveGradientClip() bounds each row's gradient by its weights' norm", () => {
    const values = [3, 4, 0, 0]; // norms 5 and 0, for which minNorm counts
    const clipped = byRows(adaptiveGradientClip({ clipping: 0.2, minNorm: 0.5 }), values, [3, -4, 0.1, 0]);
    expect(clipped[0]).toBeCloseTo(0.6, 6); // to norm 1
    expect(clipped[1]).toBeCloseTo(-0.8, 6);
    expect(clipped[2]).toBeCloseTo(0.1, 6); // exactly at its bound of 0.1
    expect(byRows(adaptiveGradientClip(), values, [0, 0, 0, 0])).toEqual([0, 0, 0, 0]);
  });

  it("adaptiveGradientClipByTensor() takes the whole tensor as one unit", () => {
    const link = adaptiveGradientClipByTensor({ clipping: 0.2, minNorm: 0.5 });
    const clipped = byRows(link, [3, 4, 0, 0], [0, 0, 3, -4]);
    expect(clipped[2]).toBeCloseTo(0.6, 6);
    expect(clipped[3]).toBeCloseTo(-0.8, 6);
  });

  it("centralizeGradient() takes the mean out of each row, and leaves vectors alone", () => {
    expect(byRows(centralizeGradient(), [0, 0, 0, 0], [1, 3, 10, 20])).toEqual([-1, 1, -5, 5]);
    expect(transformed(centralizeGradient(), { a: [0, 0] }, [1, 3])).toEqual([1, 3]);
  });

  it("addGradientNoise() adds the stream's numbers, with a variance that falls as a power of the step", () => {
    const link = addGradientNoise({ noiseVariance: 0.25, noiseDecay: 2 });
    const { step, parameters } = setUp(
      engine,
      withHyper(chain(link, sgd), { lr: 1 }),
      { a: [0, 0] },
      { seed: 5 },
    );
    step([1, 1]);
    const first = [...parameters];
    step([0, 0]);
    const noise = [1, 2]
      .map((t) => stream(5, "noise a", t))
      .map((random) => [random.normal(), random.normal()]);
    for (const i of [0, 1]) {
      expect(first[i]).toBeCloseTo(-(1 + 0.5 * noise[0]![i]!), 6);
      expect(parameters[i]! - first[i]!).toBeCloseTo(-0.25 * noise[1]![i]!, 6); // √(0.25 / 2²)
    }
  });

  it("maximize() negates the gradient: maximising f is minimising −f", () => {
    const up = setUp(engine, chain(maximize(), adam), { a: [1, 2] });
    const down = setUp(engine, adam, { a: [1, 2] });
    for (const [x, y] of [
      [1, -2],
      [0.5, 3],
    ] as const) {
      up.step([x, y]);
      down.step([-x, -y]);
    }
    expect([...up.parameters]).toEqual([...down.parameters]);
  });

  it("addL1() adds the sign of the parameter, none at zero", () => {
    expect(transformed(addL1({ l1: 0.5 }), { a: [2, -4, 0] }, [1, 1, 1])).toEqual([1.5, 0.5, 1]);
  });

  const after = (link: Link, values: number[], gradients: number[], factors?: Record<string, number>) => {
    const {
      optimizer,
      gradients: g,
      parameters,
    } = setUp(engine, withHyper(wrap(sgd, link), { lr: 0.5 }), { a: values });
    g.set(gradients);
    optimizer.step(factors);
    return [...parameters];
  };

  it("softThreshold() moves towards zero by lr · l1 and rests there", () => {
    // the step of 0.5 · g first: 2 → 1, −2 → −2, 0.75 → 0.25, 0 → 0; then 0.5 nearer to zero
    expect(after(softThreshold({ l1: 1 }), [2, -2, 0.75, 0], [2, 0, 1, 0])).toEqual([0.5, -1.5, 0, 0]);
  });

  it("decoupledDecay() shrinks by lr · weightDecay, scheduled, beside the step", () => {
    expect(after(decoupledDecay({ weightDecay: 0.5 }), [4], [1])).toEqual([4 * 0.75 - 0.5]);
    expect(after(decoupledDecay({ weightDecay: 0.5 }), [4], [1], { lr: 0.5 })).toEqual([4 * 0.875 - 0.25]);
  });

  it("fullyDecoupledDecay() shrinks by weightDecay times the schedule's factor, whatever lr is", () => {
    expect(after(fullyDecoupledDecay({ weightDecay: 0.25 }), [4], [1])).toEqual([4 * 0.75 - 0.5]);
    expect(after(fullyDecoupledDecay({ weightDecay: 0.25 }), [4], [1], { lr: 0.5 })).toEqual([
      4 * 0.875 - 0.25,
    ]);
  });

  it("cautiousDecay() decays what the step moves towards zero, or leaves", () => {
    expect(after(cautiousDecay({ weightDecay: 0.5 }), [4, 4, -4, 4], [2, -2, -2, 0])).toEqual([
      4 - 1 - 1, // towards zero: decays by 0.25 · 4
      4 + 1, // away from it
      -4 + 1 + 1,
      4 - 1, // at rest
    ]);
  });

  it("projections come after the step", () => {
    expect(after(keepNonNegative(), [1, 1], [4, 1])).toEqual([0, 0.5]);
    expect(after(projectOntoBox({ low: -0.25, high: 0.75 }), [1, 1, 0.5], [-4, 4, 0])).toEqual([
      0.75, -0.25, 0.5,
    ]);
    const [x, y] = after(projectOntoBall({ maxParameterNorm: 1 }), [3, 4], [0, 0]);
    expect(x).toBeCloseTo(0.6, 6);
    expect(y).toBeCloseTo(0.8, 6);
    expect(after(projectOntoBall(), [0, 0.5], [0, 0])).toEqual([0, 0.5]);
    expect(after(projectOntoBall(), [0, 0], [0, 0])).toEqual([0, 0]);
  });

  it("no transform touches the caller's gradient", () => {
    const given = [3, -4, 0.25];
    for (const make of Object.values(transforms)) {
      const { step, gradients } = setUp(engine, wrap(adamw, make()), { a: [1, 2, 3] });
      step(given);
      expect([...gradients]).toEqual(given);
    }
  });
});

describe("maximize()", () => {
  const values = { w: [1, -2, 3, 0.5] };
  const segments = [{ name: "w", shape: [2, 2], offset: 0, size: 4 }];
  const withoutPhases = Object.entries(rules).filter(([, { program }]) => program.before.length === 0);

  it.each(withoutPhases)("with %s is minimising the negative, bit for bit", (_, rule) => {
    const [up, down] = [chain(maximize(), rule), rule].map((one) => setUp("wasm", one, values, { segments }));
    for (let step = 0; step < 4; step++) {
      const gradient = [0.3, -1, 2 - step, 0];
      up!.step(gradient);
      down!.step(gradient.map((g) => -g));
    }
    expect([...up!.parameters]).toEqual([...down!.parameters]);
  });
});

/** Passes over memory of a chain with adam, whose own is one; null where it works on whole arrays. */
const PASSES: Readonly<Record<string, number | null>> = {
  clipByNorm: 2,
  clipByGlobalNorm: 2,
  clipByBlockRms: 2,
  adaptiveGradientClip: null,
  adaptiveGradientClipByTensor: 2,
  larc: 2,
  larcScaling: 2,
  centralizeGradient: null,
  projectOntoBall: 2,
  cautious: 2,
};

describe("chains with adam", () => {
  const links = Object.entries({ ...transformCatalogue, ...wrapperCatalogue });
  it.each(links)("with %s pass over memory no more often than they must", (name, { make }) => {
    const passes = PASSES[name] === undefined ? 1 : PASSES[name];
    const { program } = wrap(adam, make());
    if (passes === null) expect(make().update).toMatch(/row(Sum|Mean)/);
    else expect(scheduleStages(program).length).toBe(passes);
  });
});

describe("transforms", () => {
  it("are listed under their own names, with summary and source", () => {
    for (const [name, make] of Object.entries(transforms)) {
      const link = make();
      expect(link.name).toBe(name);
      expect(link.summary).not.toBe("");
      expect(link.source).not.toBe("");
    }
  });

  it("say when to use them, what to watch for, and what each of their numbers means", () => {
    for (const { make, use, watch } of Object.values(transformCatalogue)) {
      expect(use.length).toBeGreaterThan(20);
      expect(watch.length).toBeGreaterThan(20);
      for (const name of Object.keys(make().hyper)) expect(Object.keys(HYPERPARAMETERS)).toContain(name);
    }
  });

  it("refuse the wrong side of the rule", () => {
    expect(() => chain(softThreshold(), sgd)).toThrow(
      "Cannot chain softThreshold, sgd as softThreshold must stand after the rule: put it after sgd",
    );
    expect(() => chain(sgd, decoupledDecay())).toThrow(
      "decoupledDecay must stand before the rule: put it before sgd",
    );
  });

  it("refuse values outside their domain and unknown names", () => {
    expect(() => clipByGlobalNorm({ maxNorm: 0 })).toThrow(
      "Cannot use clipByGlobalNorm as maxNorm must be positive: current value is 0",
    );
    expect(() => clipByValue({ limit: -1 })).toThrow("limit must be finite and not negative");
    expect(() => addDecayedWeights({ weightDecay: Number.NaN })).toThrow("current value is NaN");
    expect(() => transforms.clipByValue!({ limits: 1 })).toThrow('did you mean "limit"?');
  });
});

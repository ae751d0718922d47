import { FlatMemory, type FloatArray } from "@thalweg/formula";
import { describe, expect, it } from "vitest";
import { type Choices, ENGINES, segmentsOf, setUp, shaker, type Tensors } from "../laws/set-up.ts";
import { referenceBackend, wasmBackend } from "./backend.ts";
import type { ParameterGroup, Segment } from "./groups.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerState } from "./optimizer-state.ts";
import { chain, type Rule, rule, withHyper } from "./rule.ts";
import { adamw, lion, momentum, rules, sgd } from "./rules/index.ts";
import { addDecayedWeights, clipByGlobalNorm } from "./transforms/index.ts";

const plain = withHyper(sgd, { lr: 1 });
const TENSORS: Tensors = { "0.weight": [1, 2, 3], "0.bias": [4], "1.weight": [5, 6], "1.bias": [7] };
const ones = [1, 1, 1, 1, 1, 1, 1];

/** What one step with unit gradients takes from each parameter. */
function moves(choices: Choices, factors?: Record<string, number>, one: Rule = plain): number[] {
  const { step, parameters } = setUp("reference", one, TENSORS, choices);
  const before = [...parameters];
  step(ones, factors);
  return before.map((value, i) => value - parameters[i]!);
}

const building = (choices: Choices, one: Rule = plain) => {
  return () => setUp("reference", one, TENSORS, choices);
};

describe("Optimizer groups", () => {
  it("the first group that matches wins, and the rest stays with the optimizer", () => {
    const groups = [
      { match: "^0\\.", hyper: { lr: 2 } },
      { match: "bias$", hyper: { lr: 3 } },
    ];
    expect(moves({ groups })).toEqual([2, 2, 2, 2, 1, 1, 3]);
    expect(moves({ groups: groups.toReversed() })).toEqual([2, 2, 2, 3, 1, 1, 3]);
  });

  it("match by text, regular expression or predicate", () => {
    const expected = [1, 1, 1, 5, 1, 1, 5];
    const size = ({ size: count }: Segment) => count === 1;
    for (const match of ["bias", /BIAS$/i, size]) {
      expect(moves({ groups: [{ match, hyper: { lr: 5 } }] })).toEqual(expected);
    }
  });

  it("match every name afresh with a global or sticky pattern", () => {
    expect(moves({ groups: [{ match: /bias|weight/g, hyper: { lr: 5 } }] })).toEqual(ones.map(() => 5));
    expect(moves({ groups: [{ match: /\d\.bias/y, hyper: { lr: 5 } }] })).toEqual([1, 1, 1, 5, 1, 1, 5]);
  });

  it("frozen parameters stay, also against decay and momentum", () => {
    const decaying = withHyper(adamw, { lr: 0.1, weightDecay: 0.5 });
    const { step, parameters, optimizer } = setUp("wasm", decaying, TENSORS, {
      groups: [{ match: "weight", frozen: true }],
    });
    step(ones);
    step(ones);
    expect([...parameters.subarray(0, 3), ...parameters.subarray(4, 6)]).toEqual([1, 2, 3, 5, 6]);
    expect(parameters[3]).toBeLessThan(4);
    expect(Object.keys(optimizer.state().parameters)).toEqual(["0.bias", "1.bias"]);
  });

  it("an optimizer whose parameters are all frozen does nothing", () => {
    const { step, parameters, optimizer } = setUp("wasm", adamw, TENSORS, {
      groups: [{ match: "", frozen: true }],
    });
    step(ones);
    expect([...parameters]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([optimizer.stepCount, optimizer.hyperparameters()]).toEqual([0, []]);
  });

  it("a group with its own rule starts from that rule's values, not from the optimizer's", () => {
    const own = rule({ name: "own", hyper: { lr: 4, boost: 2 }, update: "theta = theta - lr * boost * g" });
    const groups = [{ match: "bias", rule: own }];
    expect(moves({ hyper: { lr: 0.5 }, groups })).toEqual([0.5, 0.5, 0.5, 8, 0.5, 0.5, 8]);
    const boosted = [{ match: "bias", rule: own, hyper: { boost: 3 } }];
    expect(moves({ hyper: { lr: 0.5 }, groups: boosted })).toEqual([0.5, 0.5, 0.5, 12, 0.5, 0.5, 12]);
  });

  it("two rules run side by side, each with its own state", () => {
    const groups = [{ match: "bias", rule: lion }];
    const { step, parameters, optimizer } = setUp(
      "reference",
      momentum,
      { weight: [1], bias: [1] },
      { groups },
    );
    step([2, 2]); // momentum: b = 2, lr 1e-2; lion: sign(0.1 · 2), lr 1e-4
    step([2, 2]); // momentum: b = 3.8
    expect(parameters[0]).toBeCloseTo(1 - 0.02 - 0.038, 14);
    expect(parameters[1]).toBeCloseTo(1 - 1e-4 - 1e-4, 14);
    const { weight, bias } = optimizer.state().parameters;
    expect([weight!.rule, weight!.slots.b![0]]).toEqual(["momentum", 3.8]);
    expect([bias!.rule, Object.keys(bias!.slots)]).toEqual(["lion", ["m"]]);
  });

  it("a group that matches nothing, or nothing that is left, is an error", () => {
    expect(building({ groups: [{ match: "embedding" }] })).toThrow(
      "Cannot use parameter group 1 (embedding) as it matches no parameter that an earlier group has not taken: the parameters are 0.weight, 0.bias, 1.weight, 1.bias",
    );
    expect(building({ groups: [{ match: /./ }, { match: /bias/ }] })).toThrow(
      "Cannot use parameter group 2 (/bias/)",
    );
  });

  it("a pattern that is not a regular expression is named by its group", () => {
    expect(building({ groups: [{ match: "bias" }, { match: "(" }] })).toThrow(
      /Cannot use parameter group 2: Invalid regular expression/,
    );
  });
});

describe("Optimizer checks before anything runs", () => {
  it.each([-1, Number.NaN, Infinity])("refuses lr %d, wherever it is given", (lr) => {
    const message = `lr must be finite and not negative: current value is ${lr}`;
    expect(building({ hyper: { lr } })).toThrow(message);
    expect(building({ groups: [{ match: "bias", hyper: { lr } }] })).toThrow(message);
    expect(building({ groups: [{ match: "bias", rule: adamw, hyper: { lr } }] })).toThrow(message);
    expect(building({ groups: [{ match: "bias", frozen: true, hyper: { lr } }] })).toThrow(message);
    expect(building({ hyper: { lr }, groups: [{ match: "", rule: adamw }] })).toThrow(message);
  });

  it("refuses values by their names in a chain", () => {
    const both = chain(addDecayedWeights(), adamw);
    expect(building({ hyper: { "adamw.weightDecay": -0.1 } }, both)).toThrow(
      "Cannot use addDecayedWeights > adamw as adamw.weightDecay must be finite and not negative: current value is -0.1",
    );
  });

  it("refuses unknown names and suggests the nearest, also where a group has another rule", () => {
    expect(building({ hyper: { ls: 1 } })).toThrow(
      'Cannot use sgd as it has no hyperparameter "ls": it has lr; did you mean "lr"?',
    );
    const groups: ParameterGroup[] = [{ match: "bias", rule: adamw, hyper: { beta: 0.9 } }];
    expect(building({ groups })).toThrow('Cannot use adamw as it has no hyperparameter "beta"');
    expect(building({ hyper: { beta1: 0.9 }, groups: [{ match: "bias", rule: adamw }] })).toThrow(
      'Cannot use sgd as it has no hyperparameter "beta1"',
    );
  });

  it("refuses two segments of one name, segments that overlap, and wrong sizes", () => {
    const vector = (name: string, offset: number, size: number): Segment => {
      return { name, shape: [size], offset, size };
    };
    const wrong = (...segments: Segment[]) => building({ segments });
    expect(wrong(vector("a", 0, 2), vector("a", 2, 2))).toThrow(
      'Cannot optimise the parameter "a" twice: every segment needs a name of its own',
    );
    expect(wrong(vector("b", 2, 2), vector("a", 0, 3))).toThrow(
      'Cannot optimise "b" as segments must not overlap: it starts at 2, inside the one before it, which ends at 3',
    );
    expect(wrong({ name: "a", shape: [2, 2], offset: 0, size: 3 })).toThrow(
      'Cannot optimise "a" as a segment of shape [2,2] must have 4 elements: current size is 3',
    );
    expect(wrong(vector("a", 0, 8))).toThrow(
      "the flat vector of parameters must hold all segments, 8 elements: it has 7",
    );
    for (const offset of [-1, 0.5, Number.NaN]) {
      expect(wrong(vector("a", offset, 2))).toThrow(`it starts at ${offset} and has shape [2]`);
    }
    expect(wrong({ name: "a", shape: [-1, -2], offset: 0, size: 2 })).toThrow("not negative");
  });

  it("refuses a gradient vector that is too short", () => {
    const make = () =>
      new Optimizer({
        backend: referenceBackend,
        segments: segmentsOf({ a: [1, 2] }),
        parameters: new Float64Array(2),
        gradients: new Float64Array(1),
        rule: sgd,
      });
    expect(make).toThrow("the flat vector of gradients must hold all segments, 2 elements: it has 1");
  });

  it("refuses vectors outside the kernels' memory", () => {
    const make = () =>
      new Optimizer({
        backend: wasmBackend(new FlatMemory(1024)),
        segments: segmentsOf({ a: [1, 2] }),
        parameters: new Float32Array(2),
        gradients: new Float32Array(2),
        rule: sgd,
      });
    expect(make).toThrow(/Cannot bind a as its slot "theta" must be a view/);
  });

  it("takes segments in any order, with gaps, of no elements and of no dimensions", () => {
    const segments: Segment[] = [
      { name: "late", shape: [2], offset: 5, size: 2 },
      { name: "scalar", shape: [], offset: 1, size: 1 },
      { name: "empty", shape: [0, 3], offset: 3, size: 0 },
    ];
    for (const engine of ENGINES) {
      const { step, parameters } = setUp(engine, plain, TENSORS, { segments });
      step(ones);
      expect([...parameters]).toEqual([1, 1, 3, 4, 5, 5, 6]);
    }
  });
});

describe("Optimizer.step()", () => {
  it("multiplies base values by the factors of this step", () => {
    expect(moves({ hyper: { lr: 3 } }, { lr: 0.5 })).toEqual(ones.map(() => 1.5));
  });

  it("uses the base values again in a step without factors, or with factors of something else", () => {
    const { step, parameters } = setUp("reference", withHyper(adamw, { lr: 1, eps: 0, weightDecay: 0 }), {
      w: [0],
    });
    const taken = (factors?: Record<string, number>) => {
      const before = parameters[0]!;
      step([1], factors); // equal gradients: m̂ / √v̂ = 1, so a step is lr
      return before - parameters[0]!;
    };
    expect(taken({ lr: 0.5 })).toBeCloseTo(0.5, 12);
    expect(taken()).toBeCloseTo(1, 12);
    expect(taken({ lr: 0.25 })).toBeCloseTo(0.25, 12);
    expect(taken({ beta1: 1 })).toBeCloseTo(1, 12);
  });

  it("reaches every group that has the hyperparameter", () => {
    const shift = rule({ name: "shift", hyper: { by: 2 }, update: "theta = theta - by" });
    const groups = [
      { match: "0.bias", hyper: { lr: 4 } },
      { match: "1.bias", rule: shift },
    ];
    expect(moves({ groups }, { lr: 0.5 })).toEqual([0.5, 0.5, 0.5, 2, 0.5, 0.5, 2]);
    expect(moves({ groups }, { by: 3 })).toEqual([1, 1, 1, 4, 1, 1, 6]);
  });

  it("refuses unknown names and values that leave the domain, and then nothing has happened", () => {
    const { optimizer, parameters, step } = setUp("reference", adamw, { w: [1] });
    expect(() => step([1], { l: 0.5 })).toThrow(
      'Cannot use adamw as it has no hyperparameter "l": it has lr, beta1, beta2, eps, weightDecay; did you mean "lr"?',
    );
    expect(() => step([1], { toString: 0.5 })).toThrow('no hyperparameter "toString"');
    expect(() => step([1], { lr: Number.NaN })).toThrow("lr must be finite and not negative");
    expect(() => step([1], { beta1: 1.2 })).toThrow("beta1 must be in [0, 1)");
    expect(() => step([1], { lr: 0.5, beta1: 2 })).toThrow("beta1");
    expect([optimizer.stepCount, parameters[0]]).toEqual([0, 1]);
    expect(optimizer.hyperparameters()[0]!.hyper.lr).toBe(1e-3);
  });

  it("takes one joint norm over all groups of a rule, whatever their values, and without the frozen", () => {
    const clipped = chain(clipByGlobalNorm({ maxNorm: 1 }), plain);
    const tensors = { a: [0], b: [0], frozen: [0] };
    for (const own of [{}, { rule: withHyper(clipped, { maxNorm: 1 }) }]) {
      const groups = [
        { match: "a", hyper: { lr: 10 }, ...own },
        { match: "frozen", frozen: true },
      ];
      for (const engine of ENGINES) {
        const { step, parameters } = setUp(engine, clipped, tensors, {
          groups: groups.toReversed(),
        });
        step([3, 4, 1000]);
        expect(parameters[0]).toBeCloseTo(-10 * 0.6, 5);
        expect(parameters[1]).toBeCloseTo(-0.8, 6);
        expect(parameters[2]).toBe(0);
      }
    }
  });

  it("allocates nothing that grows with the parameters", () => {
    const count = 50_000; // 200 kB per vector
    const tensors = { weight: new Array<number>(count).fill(1), bias: [1] };
    const groups = [{ match: "bias", hyper: { weightDecay: 0 } }];
    const { optimizer } = setUp("wasm", chain(clipByGlobalNorm(), adamw), tensors, { groups });
    const factors = { lr: 0.5 };
    const inUse = () => {
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    optimizer.step(factors);
    const before = inUse();
    for (let i = 0; i < 200; i++) optimizer.step(factors);
    // Boxed numbers take a kilobyte or two; a copy of any vector would take 200.
    expect((inUse() - before) / 200).toBeLessThan(20_000);
  });
});

describe("Optimizer.hyperparameters()", () => {
  it("reports what the last step used, group by group", () => {
    const groups = [
      { match: "bias", hyper: { lr: 4 } },
      { match: "0", frozen: true },
    ];
    const { optimizer, step } = setUp("reference", plain, TENSORS, { groups });
    const report = (lr: number, biasLr: number) => [
      { rule: "sgd", parameters: ["0.bias", "1.bias"], hyper: { lr: biasLr } },
      { rule: "sgd", parameters: ["1.weight"], hyper: { lr } },
    ];
    expect(optimizer.hyperparameters()).toEqual(report(1, 4));
    step(ones, { lr: 0.5 });
    expect(optimizer.hyperparameters()).toEqual(report(0.5, 2));
    step(ones);
    expect(optimizer.hyperparameters()).toEqual(report(1, 4));
  });

  it("hands out copies", () => {
    const { optimizer, step, parameters } = setUp("reference", plain, { w: [1] });
    optimizer.hyperparameters()[0]!.hyper.lr = 100;
    step([1]);
    expect(parameters[0]).toBe(0);
  });
});

describe("Optimizer.state() and load()", () => {
  const clipped = chain(clipByGlobalNorm(), adamw);
  const cases = [...Object.values(rules), clipped].flatMap((one) =>
    ENGINES.flatMap((engine) => [0, 1, 7].map((saveAt) => ({ name: one.name, one, engine, saveAt }))),
  );

  it.each(cases)("$name on $engine, saved after $saveAt steps, continues bit for bit", (given) => {
    const { one, engine, saveAt } = given;
    const scheduled = Object.hasOwn(one.hyper, "lr");
    const own = scheduled && one.coupled.length === 0 ? { hyper: { lr: 0.05 } } : {};
    const choices: Choices = { groups: [{ match: "bias", ...own }] };
    const factors = (s: number) => (scheduled ? { lr: 1 / (s + 1) } : {});
    const shake = shaker(5);
    const gradients = Array.from({ length: 12 }, () => ones.map(shake));
    const undisturbed = setUp(engine, one, TENSORS, choices);
    let saved: { state: OptimizerState<FloatArray>; parameters: number[] } | undefined;
    gradients.forEach((gradient, s) => {
      if (s === saveAt) {
        saved = { state: undisturbed.optimizer.state(), parameters: [...undisturbed.parameters] };
      }
      undisturbed.step(gradient, factors(s));
    });

    const resumed = setUp(engine, one, TENSORS, choices);
    resumed.step(ones); // whatever went on before must not matter
    resumed.parameters.set(saved!.parameters);
    resumed.optimizer.load(saved!.state);
    expect(resumed.optimizer.stepCount).toBe(saveAt);
    gradients.slice(saveAt).forEach((gradient, s) => {
      resumed.step(gradient, factors(saveAt + s));
    });
    expect([...resumed.parameters]).toEqual([...undisturbed.parameters]);
    expect(resumed.optimizer.state()).toEqual(undisturbed.optimizer.state());
  });

  it("is a copy: later steps do not change it", () => {
    const { optimizer, step } = setUp("wasm", momentum, { w: [1] });
    step([2]);
    const state = optimizer.state();
    step([2]);
    expect(state).toEqual({
      version: 1,
      parameters: {
        w: { rule: "momentum", step: 1, shape: [1], slots: { b: Float32Array.of(2) }, scalars: {} },
      },
      shared: { momentum: {} },
    });
  });

  it("goes into other groups, by name", () => {
    const one = setUp("reference", momentum, { a: [1], b: [1] });
    one.step([1, 2]);
    const other = setUp("reference", momentum, { b: [1], a: [1] }, { groups: [{ match: "a" }] });
    other.optimizer.load(one.optimizer.state());
    expect(other.optimizer.state()).toEqual(one.optimizer.state());
  });

  it("keeps the shared numbers of two rules of one name apart", () => {
    const counting = (by: number) =>
      rule({
        name: "counting",
        hyper: { lr: 1 },
        state: { k: { shape: "shared" } },
        update: `k = k + ${by}\ntheta = theta - lr * k`,
      });
    const groups = [{ match: "bias", rule: counting(10) }];
    const build = () => setUp("reference", counting(1), { weight: [0], bias: [0] }, { groups });
    const one = build();
    one.step([0, 0]);
    const other = build();
    other.optimizer.load(one.optimizer.state());
    other.step([0, 0]);
    expect([...other.parameters]).toEqual([-2, -20]);
    expect(other.optimizer.state().shared).toEqual({ counting: { k: 20 }, "counting#2": { k: 2 } });
  });

  it("keeps parameters that are called like parts of objects", () => {
    const names: Tensors = Object.fromEntries([
      ["__proto__", [1]],
      ["constructor", [2]],
    ]);
    const { optimizer, step } = setUp("reference", momentum, names);
    step([1, 2]);
    const state = optimizer.state();
    expect(Object.keys(state.parameters)).toEqual(["__proto__", "constructor"]);
    const other = setUp("reference", momentum, names);
    other.optimizer.load(state);
    expect(other.optimizer.state()).toEqual(state);
  });

  describe("load() refuses, and changes nothing,", () => {
    const state = (): OptimizerState<FloatArray> => {
      const { optimizer, step } = setUp("reference", momentum, { weight: [1, 2], bias: [3] });
      step([1, 2, 3]);
      return optimizer.state();
    };
    const loading = (saved: OptimizerState<FloatArray>) => () => {
      const { optimizer } = setUp("reference", momentum, { weight: [1, 2], bias: [3] });
      const before = optimizer.state();
      try {
        optimizer.load(saved);
      } finally {
        expect(optimizer.state()).toEqual(before);
      }
    };
    const changed = (change: (parameters: OptimizerState<FloatArray>["parameters"]) => void) => {
      const saved = state();
      change(saved.parameters);
      return loading(saved);
    };

    it("another version", () => {
      const saved = { ...state(), version: 2 } as unknown as OptimizerState<FloatArray>;
      expect(loading(saved)).toThrow(
        "Cannot load an optimizer state as its version must be 1: current value is 2",
      );
    });

    it("another rule", () => {
      const wrong = changed(({ bias }) => Object.assign(bias!, { rule: "adamw" }));
      expect(wrong).toThrow('"bias" is updated by momentum: the state was saved by adamw');
    });

    it("another shape of as many elements", () => {
      const wrong = changed(({ weight }) => Object.assign(weight!, { shape: [1, 2] }));
      expect(wrong).toThrow('"weight" has the shape [2]: the state was saved for [1,2]');
    });

    it("another size", () => {
      const wrong = changed(({ weight }) => Object.assign(weight!.slots, { b: new Float64Array(3) }));
      expect(wrong).toThrow('slot "b" of "weight" must have 2 elements: it has 3');
    });

    it("a missing slot", () => {
      const wrong = changed(({ weight }) => Object.assign(weight!, { slots: {} }));
      expect(wrong).toThrow('slot "b" of "weight" must have 2 elements: it is missing');
    });

    it("a missing parameter", () => {
      const wrong = changed((parameters) => delete parameters.bias);
      expect(wrong).toThrow('Cannot load an optimizer state as it lacks the parameter "bias"');
    });

    it("an unknown parameter, with the nearest", () => {
      const wrong = changed((parameters) => Object.assign(parameters, { wieght: parameters.weight }));
      expect(wrong).toThrow('it holds "wieght", which is not optimised here; the nearest is "weight"');
    });

    it.each([-1, 1.5, Number.NaN])("the step %d", (step) => {
      expect(changed(({ bias }) => Object.assign(bias!, { step }))).toThrow(
        `the step of "bias" must be a count: it is ${step}`,
      );
    });

    it("different steps within one group", () => {
      expect(changed(({ bias }) => Object.assign(bias!, { step: 9 }))).toThrow(
        'parameters of one group must have taken equally many steps: "weight" took 1 and "bias" 9: give them groups of their own',
      );
    });
  });
});

/**
 * What every update rule must do, whatever its formula. A law is a sentence and a check; the check throws (through
 * `expect`) when a rule breaks it. A rule that a law cannot hold for is exempt, with the reason beside its name.
 *
 * A new rule of the catalogue is held to all of them by being in the catalogue; `laws.test.ts` runs the table.
 */
import { bindUpdate, compiledKernelCount, type FloatArray, scheduleStages } from "@thalweg/formula";
import { expect } from "vitest";
import { referenceBackend } from "../src/backend.ts";
import { HYPERPARAMETERS } from "../src/hyperparameters.ts";
import { chain, type Rule, withHyper } from "../src/rule.ts";
import { clipByGlobalNorm } from "../src/transforms/index.ts";
import { type Choices, ENGINES, setUp, shaker, type Tensors, type World } from "./set-up.ts";

export interface Law {
  check: (rule: Rule) => void;
  /** Rules that need not obey → why. */
  exempt?: Readonly<Record<string, string>>;
}

/** Thirty-seven elements: neither the tensors nor the whole fill the kernel's blocks of sixteen. */
const shake = shaker(1);
const TENSORS: Tensors = {
  weight: Array.from({ length: 33 }, () => 2 * shake()),
  scale: [1],
  bias: [0.5, -0.5, 0],
};
const COUNT = Object.values(TENSORS).flat().length;

const noise = (seed: number, steps: number): number[][] => {
  const next = shaker(seed);
  return Array.from({ length: steps }, () => Array.from({ length: COUNT }, next));
};

/** What pulls the parameters without a gradient: weight decay, and the decay of asgd. */
const DECAYS = ["weightDecay", "lambda"];

/** The rule with everything that pulls the parameters without a gradient switched off. */
const withoutDecay = (rule: Rule): Rule =>
  withHyper(
    rule,
    Object.fromEntries(DECAYS.filter((name) => Object.hasOwn(rule.hyper, name)).map((name) => [name, 0])),
  );

const bits = (vector: FloatArray) => [...new Uint8Array(vector.slice().buffer)];

/** Rules that want another learning rate than the common one, as a multiple of it. */
const RATE: Readonly<Record<string, number>> = {
  adagrad: 10, // its rates fall as 1/√t by themselves
  shampoo: 30, // its sums only grow, as adagrad's
  adafactor: 3, // lr is relative to the size of the parameter
  adadelta: 100, // meant for lr 1, and slow to start
  signsgd: 0.3, // without an average, signs zigzag across the valley by a step's length
  "sophia-g": 10, // a bowl has no labels: the square of its gradient overestimates curvature
  // meant for lr 1
  prodigy: 20,
  "d-adapt-adam": 20,
  "d-adapt-sgd": 20,
  "d-adapt-adagrad": 100, // as adagrad
  dog: 40,
  dowg: 20,
  "schedule-free-radam": 10, // the average of the path, near theta, never forgets a slow start
};

const SHARED = "all tensors share a number that comes from all of them";
const AGD = "its learning rate is derived for the layers of a network, all of which move by the same length";
const ORDER = "a sum taken in another order may differ in its last bit";
const MATRIX = "a matrix is updated as a whole";
const WHOLE_ARRAYS = "its time goes into products of matrices, which are not fused";
const REDUCES = "a number that comes from whole tensors is known only after a pass over them";
const rated = (rule: Rule, lr: number) => withRate(rule, lr * (RATE[rule.name] ?? 1));

/** agd has no learning rate: it goes as it is, without a schedule. */
const withRate = (rule: Rule, lr: number) =>
  Object.hasOwn(rule.hyper, "lr") ? withHyper(rule, { lr }) : rule;
const pace = (world: World, lr: number) =>
  world.optimizer.describe().some(({ base }) => Object.hasOwn(base, "lr")) ? { lr } : undefined;

/** Step down a function with a learning rate that falls linearly to zero, so that rules of constant step length settle. */
function descend(world: World, gradient: (theta: FloatArray) => number[], steps: number): void {
  for (let s = 0; s < steps; s++) world.step(gradient, pace(world, 1 - s / steps));
}

/** f(θ) = ½ Σ aᵢ θᵢ² with a = 1, 3, 10, 1, … falls a thousandfold in a thousand steps from lr = 0.05. */
export function convergesOnABowl(rule: Rule): void {
  const curvature = (i: number) => [1, 3, 10][i % 3]!;
  const height = (theta: FloatArray) =>
    Array.from(theta, (x, i) => (curvature(i) * x * x) / 2).reduce((sum, part) => sum + part);
  for (const engine of ENGINES) {
    const world = setUp(engine, rated(rule, 0.05), TENSORS);
    const before = height(world.parameters);
    descend(world, (theta) => Array.from(theta, (x, i) => curvature(i) * x), 1_000);
    expect(height(world.parameters)).toBeLessThan(before / 1_000);
  }
}

/**
 * f(x, y) = (1 − x)² + 100 (y − x²)² from (−1.2, 1), Rosenbrock's own start, where f = 24.2. Reaching the floor of the
 * valley leaves f = 4; a rule must go on along it, in two thousand steps, to f < 1. The gradient there is 233, so it is
 * clipped to norm 1: one learning rate then serves (nearly) every rule.
 */
export function makesProgressOnRosenbrock(rule: Rule): void {
  const gradient = ([x = 0, y = 0]: FloatArray) => [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)];
  for (const engine of ENGINES) {
    const clipped = chain(clipByGlobalNorm({ maxNorm: 1 }), rated(rule, 0.01));
    const world = setUp(engine, clipped, { x: [-1.2], y: [1] });
    descend(world, gradient, 2_000);
    const [x = 0, y = 0] = world.parameters;
    expect((1 - x) ** 2 + 100 * (y - x * x) ** 2).toBeLessThan(1);
  }
}

/** Without a gradient, and without decay, there is no reason to move. */
export function standsStillOnZeroGradients(rule: Rule): void {
  for (const engine of ENGINES) {
    const world = setUp(engine, withoutDecay(rule), TENSORS);
    const before = bits(world.parameters);
    for (let s = 0; s < 3; s++) world.step(new Array<number>(COUNT).fill(0));
    expect(bits(world.parameters)).toEqual(before);
  }
}

/** Elements do not know where they lie. */
export function commutesWithPermutation(rule: Rule): void {
  const gradients = noise(2, 20);
  const values = TENSORS.weight!;
  const order = values.map((_, i) => (i * 10 + 7) % values.length); // 10 and 33 share no factor: each index once
  const permute = (vector: readonly number[]) => order.map((i) => vector[i]!);
  for (const engine of ENGINES) {
    const straight = setUp(engine, rule, { weight: values });
    const permuted = setUp(engine, rule, { weight: permute(values) });
    for (const gradient of gradients) {
      straight.step(gradient.slice(0, values.length));
      permuted.step(permute(gradient.slice(0, values.length)));
    }
    expect([...permuted.parameters]).toEqual(permute([...straight.parameters]));
  }
}

/** A tensor cut in two moves as one, bit for bit, although other elements now fall into the kernel's tail. */
export function ignoresHowTensorsAreCut(rule: Rule): void {
  const gradients = noise(3, 20);
  const values = Object.values(TENSORS).flat();
  for (const engine of ENGINES) {
    const whole = setUp(engine, rule, { all: values });
    const cut = setUp(
      engine,
      rule,
      { left: values.slice(0, 13), right: values.slice(13) },
      { groups: [{ match: "left" }] }, // of its own, or the kernel would join the neighbours again
    );
    for (const gradient of gradients) {
      whole.step(gradient);
      cut.step(gradient);
    }
    expect(bits(cut.parameters)).toEqual(bits(whole.parameters));
  }
}

/** At every step of a short run, what is saved is all that the rest depends on. */
export function continuesFromASavedState(rule: Rule): void {
  const gradients = noise(4, 6);
  for (const engine of ENGINES) {
    const through = setUp(engine, rule, TENSORS);
    const saved = gradients.map((gradient) => {
      const moment = { state: through.optimizer.state(), parameters: through.parameters.slice() };
      through.step(gradient);
      return moment;
    });
    saved.forEach(({ state, parameters }, s) => {
      const resumed = setUp(engine, rule, TENSORS);
      resumed.parameters.set(parameters);
      resumed.optimizer.load(state);
      for (const gradient of gradients.slice(s)) resumed.step(gradient);
      expect(bits(resumed.parameters)).toEqual(bits(through.parameters));
      expect(resumed.optimizer.state()).toEqual(through.optimizer.state());
    });
  }
}

/** Frozen parameters neither move nor decay, have no state, and change nothing for the others. */
export function leavesFrozenParametersAlone(rule: Rule): void {
  const gradients = noise(5, 10);
  const decaying = Object.hasOwn(rule.hyper, "weightDecay") ? withHyper(rule, { weightDecay: 0.5 }) : rule;
  for (const engine of ENGINES) {
    const free = setUp(engine, decaying, TENSORS);
    const choices: Choices = { groups: [{ match: "weight", frozen: true }] };
    const frozen = setUp(engine, decaying, TENSORS, choices);
    const before = bits(frozen.parameters.subarray(0, 33));
    for (const gradient of gradients) {
      free.step(gradient);
      frozen.step(gradient);
    }
    expect(bits(frozen.parameters.subarray(0, 33))).toEqual(before);
    expect(bits(frozen.parameters.subarray(33))).toEqual(bits(free.parameters.subarray(33)));
    expect(Object.keys(frozen.optimizer.state().parameters)).toEqual(["scale", "bias"]);
  }
}

/** The gradient belongs to the caller, who may accumulate into it or log it; also where a link rewrites g. */
export function onlyReadsTheGradient(rule: Rule): void {
  const gradients = noise(6, 3);
  for (const engine of ENGINES) {
    for (const one of [rule, chain(clipByGlobalNorm({ maxNorm: 0.1 }), rule)]) {
      const world = setUp(engine, one, TENSORS);
      for (const gradient of gradients) {
        world.gradients.set(gradient);
        const before = bits(world.gradients);
        for (const phase of world.optimizer.phasesDue()) world.optimizer.prepare(phase);
        world.optimizer.step();
        expect(bits(world.gradients)).toEqual(before);
      }
    }
  }
}

/** Same parameters, same gradients, same bits. */
export function isDeterministic(rule: Rule): void {
  const gradients = noise(7, 20);
  for (const engine of ENGINES) {
    const [one, other] = [1, 2].map(() => {
      const world = setUp(engine, rule, TENSORS);
      for (const gradient of gradients) world.step(gradient);
      return bits(world.parameters);
    });
    expect(one).toEqual(other);
  }
}

/** Everything is compiled when the optimizer is made; schedules and steps change numbers, never code. */
export function compilesOnce(rule: Rule): void {
  const world = setUp("wasm", rule, TENSORS);
  const compiled = compiledKernelCount();
  noise(8, 3).forEach((gradient, s) => {
    world.step(gradient, pace(world, 1 / (s + 1)));
  });
  setUp("wasm", withRate(rule, 0.123), TENSORS);
  expect(compiledKernelCount()).toBe(compiled);
}

/** An elementwise rule is one pass over memory, which reads each vector once and writes once what the rule changes. */
export function isOnePass(rule: Rule): void {
  const { stageCount } = bindUpdate(rule.program, [], referenceBackend.engine);
  expect(stageCount).toBe(1);
  const changed = ["theta", ...rule.state].filter((name) => {
    const value = rule.program.outputs.get(name)!;
    return value.kind !== "slot" || value.name !== name;
  });
  expect([...scheduleStages(rule.program)[0]!.stores.keys()].sort()).toEqual(changed.sort());
}

/**
 * The float32 kernel stays with the float64 reference over 200 steps down a noisy bowl, each on its own gradients.
 *
 * Tolerance: rounding a parameter of size ≤ 2 costs up to 2⁻²³ · ½ · 2 ≈ 1.2e-7 per step, 2.4e-5 in 200 steps if nothing
 * cancelled; the bowl forgets most of it, so 1e-5 is asked. A sign that fell differently once would cost 2e-2.
 */
export function kernelFollowsReference(rule: Rule): void {
  const [exact, fast] = ENGINES.map((engine) => setUp(engine, withRate(rule, 0.01), TENSORS));
  for (const disturbance of noise(9, 200)) {
    for (const world of [exact!, fast!]) {
      world.step((theta) => disturbance.map((e, i) => (1 + (i % 3)) * theta[i]! + 0.1 * e));
    }
  }
  const distances = Array.from(exact!.parameters, (x, i) => Math.abs(x - fast!.parameters[i]!));
  expect(Math.max(...distances)).toBeLessThan(1e-5);
}

/** People can find out what it is, where it comes from, and what its numbers mean. */
export function isDocumented(rule: Rule): void {
  for (const { summary, source } of rule.links) {
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(source).toMatch(/\d{4}|torch/);
  }
  for (const name of Object.keys(rule.hyper)) {
    expect(Object.hasOwn(HYPERPARAMETERS, name), `${name} is described`).toBe(true);
  }
}

export const LAWS: Readonly<Record<string, Law>> = {
  "converges on a bowl": {
    check: convergesOnABowl,
    exempt: { agd: AGD },
  },
  "makes progress on Rosenbrock's valley": {
    check: makesProgressOnRosenbrock,
    exempt: {
      agd: AGD,
      lamb: "its steps are in proportion to the size of a tensor, so that a single number never crosses zero",
      svrg: "the clipping sees the gradient at the anchor only, not those of the phases before",
    },
  },
  "stands still on zero gradients from fresh state": { check: standsStillOnZeroGradients },
  "commutes with a permutation of the parameters": {
    check: commutesWithPermutation,
    exempt: {
      muon: ORDER,
      normuon: ORDER,
      adafactor: ORDER,
      shampoo: ORDER,
      soap: ORDER,
      novograd: "a norm summed in another order may differ in its last bit",
      lamb: ORDER,
      dowg: ORDER,
      agd: ORDER,
    },
  },
  "does not see how tensors are cut": {
    check: ignoresHowTensorsAreCut,
    exempt: {
      muon: MATRIX,
      normuon: MATRIX,
      adafactor: MATRIX,
      shampoo: MATRIX,
      soap: MATRIX,
      novograd: "each tensor is divided by its own norm",
      lamb: "each tensor is scaled by its own norm",
      agd: "each tensor is scaled by its own norm",
      "prodigy-gd": ORDER,
      dog: ORDER,
      dowg: ORDER,
    },
  },
  "continues from a saved state bit for bit": { check: continuesFromASavedState },
  "leaves frozen parameters alone": {
    check: leavesFrozenParametersAlone,
    exempt: {
      lamb: SHARED,
      prodigy: SHARED,
      "prodigy-gd": SHARED,
      "prodigy-da": SHARED,
      "d-adapt-adam": SHARED,
      "d-adapt-sgd": SHARED,
      "d-adapt-adagrad": SHARED,
      dog: SHARED,
      dowg: SHARED,
      agd: SHARED,
    },
  },
  "only reads the gradient": { check: onlyReadsTheGradient },
  "gives the same bits for the same input": { check: isDeterministic },
  "compiles nothing after it is set up": { check: compilesOnce },
  "is one pass over memory": {
    check: isOnePass,
    exempt: {
      muon: WHOLE_ARRAYS,
      normuon: WHOLE_ARRAYS,
      adafactor: WHOLE_ARRAYS,
      shampoo: WHOLE_ARRAYS,
      soap: WHOLE_ARRAYS,
      novograd: "the norm of a tensor is known only after a pass over it",
      lars: REDUCES,
      lamb: REDUCES,
      prodigy: REDUCES,
      "prodigy-gd": REDUCES,
      "prodigy-da": REDUCES,
      "d-adapt-adam": REDUCES,
      "d-adapt-sgd": REDUCES,
      dog: REDUCES,
      dowg: REDUCES,
      agd: REDUCES,
    },
  },
  "its kernel follows the reference down a noisy bowl": {
    check: kernelFollowsReference,
    exempt: {
      soap: "bases of a matrix of rank one are free: float32 and float64 choose others",
      prodigy:
        "it compares theta with where it began, and after a first step of 1e-6 that difference has one digit",
    },
  },
  "says what it is": { check: isDocumented },
};

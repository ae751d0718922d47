/** Samplers that learn: what they may know, and that it helps. */
import { describe, expect, it } from "vitest";
import { axisOf } from "./axes.ts";
import { FIRST_TRIALS, type SamplerName, suggest, type Tried } from "./samplers.ts";
import { type Configuration, type Dimension, type Space, unitOf, valueAt } from "./space.ts";
import { runTrials } from "./tune.ts";

const space: Space = {
  lr: { low: 1e-4, high: 1, log: true },
  beta1: { low: 0.5, high: 0.999, oneMinus: true },
  layers: { type: "int", low: 1, high: 5 },
  warmup: { type: "categorical", choices: ["none", "linear", "cosine"] },
};
const study = { space, studySeed: 1, budget: 30 };

/** Least, 0, at lr = 0.01, beta1 = 0.9, three layers, linear warm-up. */
const loss = ({ lr, beta1, layers, warmup }: Configuration): number =>
  Math.log10((lr as number) / 1e-2) ** 2 +
  Math.log10((1 - (beta1 as number)) / 0.1) ** 2 +
  ((layers as number) - 3) ** 2 / 4 +
  (warmup === "linear" ? 0 : 0.5);

const tune = (sampler: SamplerName, studySeed: number) =>
  runTrials({ ...study, studySeed, sampler }, async (_, configuration) => configuration, loss);

describe("unitOf()", () => {
  const dimensions: Dimension[] = [
    ...Object.values(space),
    { low: -2, high: 3 },
    { type: "int", low: 1, high: 1000, log: true },
    { type: "int", low: 4, high: 4096 },
  ];
  it("is the inverse of valueAt()", () => {
    for (const dimension of dimensions) {
      for (const u of [0, 0.1, 0.37, 0.5, 0.9, 0.999]) {
        const value = valueAt(dimension, u);
        const back = unitOf(dimension, value);
        expect(valueAt(dimension, back)).toEqual(
          typeof value === "number" && dimension.type === undefined ? expect.closeTo(value, 12) : value,
        );
      }
    }
  });
});

describe("axisOf()", () => {
  it("cuts whole numbers into the shares that valueAt() gives them", () => {
    const logarithmic: Dimension = { type: "int", low: 1, high: 7, log: true };
    const axis = axisOf(logarithmic);
    if (axis.kind !== "ordered") throw new Error("expected cells");
    expect(axis.edges[1]).toBeCloseTo(1 / 3, 12); // ln 2/ln 8
    for (let i = 0; i < 7; i++) {
      expect(valueAt(logarithmic, axis.edges[i]! + 1e-9)).toBe(i + 1);
      expect(valueAt(logarithmic, axis.edges[i + 1]! - 1e-9)).toBe(i + 1);
    }
    expect(axisOf({ type: "int", low: 1, high: 1000 })).toEqual({ kind: "continuous" });
  });
});

describe("coordinate", () => {
  it("doubles and halves the learning rate first, then goes on with the next, by hand", async () => {
    // lr from 0.01: first the start, then one step up, one down, two up, two down together; one down is best, so lr goes on from there
    const space: Space = { lr: { low: 1e-4, high: 1, log: true }, momentum: { low: 0, high: 1 } };
    const pinned = { lr: 0.01, momentum: 0.5 };
    const seen = await runTrials(
      { space, studySeed: 1, budget: 9, sampler: "coordinate", pinned },
      async (_, configuration) => configuration,
      ({ lr, momentum }) =>
        Math.abs(Math.log(lr as number) - Math.log(0.0055)) + ((momentum as number) - 0.6) ** 2,
    );
    const doubling = Math.log((seen[1]!.lr as number) / 0.01) / Math.LN2; // the lattice of this study
    const tenth = ((seen[6]!.momentum as number) - 0.5) / 0.1;
    for (const stretch of [doubling, tenth]) expect(Math.abs(Math.log2(stretch))).toBeLessThanOrEqual(0.5);
    const steps = seen.map(({ lr, momentum }) => [
      Math.log2((lr as number) / 0.01) / doubling,
      ((momentum as number) - 0.5) / 0.1 / tenth,
    ]);
    // around one down: the start, two up and two down were tried; what is left of lr is three down; then momentum up, down, two up
    const expected = [
      [0, 0],
      [1, 0],
      [-1, 0],
      [2, 0],
      [-2, 0],
      [-3, 0],
      [-1, 1],
      [-1, -1],
      [-1, 2],
    ];
    expect(steps).toEqual(expected.map((pair) => pair.map((value) => expect.closeTo(value, 9))));
  });

  it("walks another lattice in another study, so that a search done twice tells the noise of tuning", async () => {
    const [one, two] = await Promise.all([1, 2].map((seed) => tune("coordinate", seed)));
    expect(one!.slice(1, 5)).not.toEqual(two!.slice(1, 5));
  });

  it("finds the best values of the example in sixty trials, as the tenfold of Halton points does not", async () => {
    const best = async (name: SamplerName, budget: number) =>
      Math.min(
        ...(await runTrials({ ...study, budget, sampler: name }, async (_, one) => one, loss)).map(loss),
      );
    expect(await best("coordinate", 60)).toBeLessThan(await best("halton", 600));
  });

  it("tries no place twice, also when all that is near has been tried", async () => {
    const space: Space = {
      on: { type: "categorical", choices: [true, false] },
      k: { type: "int", low: 1, high: 3 },
    };
    const seen = await runTrials(
      { space, studySeed: 1, budget: 6, sampler: "coordinate" },
      async (_, one) => one,
      ({ k }) => k as number,
    );
    expect(new Set(seen.slice(0, 5).map((one) => JSON.stringify(one))).size).toBe(5);
  });

  it("moves on from a start that diverged", () => {
    const configuration = { lr: 1, beta1: 0.9, layers: 3, warmup: "none" };
    const next = suggest({ ...study, sampler: "coordinate" }, 1, [
      { configuration, value: Number.POSITIVE_INFINITY },
    ]);
    expect(next).toEqual({ ...configuration, lr: expect.any(Number), beta1: expect.closeTo(0.9, 12) });
    expect(next.lr).toBeGreaterThan(1 / 2 ** Math.SQRT2 - 1e-9);
    expect(next.lr).toBeLessThan(0.62); // half of it, give or take √2 in the logarithm
  });
});

describe.each(["tpe", "gp"] as const)("%s", (sampler) => {
  it("begins with Halton's points, which all rules share", () => {
    for (const trial of [0, 5, FIRST_TRIALS - 1]) {
      expect(suggest({ ...study, sampler }, trial)).toEqual(suggest({ ...study, sampler: "halton" }, trial));
    }
  });

  it("gives the same trials in whatever order they end", async () => {
    const budget = 20;
    const inOrder = await runTrials({ ...study, budget, sampler }, async (_, one) => one, loss);
    const shuffled = await runTrials(
      { ...study, budget, sampler },
      async (trial, configuration) => {
        for (let turn = 0; turn < (trial * 7) % 5; turn++) await Promise.resolve();
        return configuration;
      },
      loss,
    );
    expect(shuffled).toEqual(inOrder);
    expect(inOrder.slice(0, 16)).toEqual(
      await runTrials({ ...study, budget: 16, sampler }, async (_, one) => one, loss),
    );
  });

  it("knows earlier rounds, and of its own round only that it runs", async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const known: number[] = [];
    await runTrials(
      { ...study, budget: 20, sampler },
      async (trial, configuration) => {
        begun.push(trial);
        known[trial] = ended.length;
        await Promise.resolve();
        ended.push(trial);
        return configuration;
      },
      loss,
    );
    expect(begun).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(known).toEqual([...new Array(10).fill(0), 10, 10, 10, 10, 14, 14, 14, 14, 18, 18]);
  });

  it("is lower than Halton's points at thirty trials, in two of three studies", async () => {
    const best = async (name: SamplerName, seed: number) => Math.min(...(await tune(name, seed)).map(loss));
    let wins = 0;
    for (let seed = 0; seed < 3; seed++) {
      if ((await best(sampler, seed)) < (await best("halton", seed))) wins += 1;
    }
    expect(wins).toBeGreaterThanOrEqual(2);
  });

  it("takes a trial that diverged for the worst", () => {
    const tried: Tried[] = Array.from({ length: 30 }, (_, k) => {
      const configuration = suggest({ ...study, sampler: "halton" }, k);
      const value = (configuration.lr as number) > 1e-2 ? Number.POSITIVE_INFINITY : loss(configuration);
      return { configuration, value };
    });
    const next = Array.from(
      { length: 8 },
      (_, i) => suggest({ ...study, budget: 40, sampler }, 30 + i, tried).lr as number,
    );
    expect(next.filter((lr) => lr <= 1.1e-2).length).toBeGreaterThanOrEqual(6); // half by chance
  });
});

/** Range tests on the digits that ship with the package, with everything a step changes: two slots, batch norm, dropout. */
import { Batches, type Dataset, loadDataset } from "@thalweg/data";
import { batchNorm, dropout, flatten, linear, relu, sequential } from "@thalweg/nn";
import { adamw, Optimizer, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { beforeAll, describe, expect, it } from "vitest";
import { ParameterVector } from "../parameter-vector.ts";
import { classifier, TrainingProgram } from "../program.ts";
import { findRate } from "./finding.ts";
import { type RangeTestOptions, rangeTest } from "./range-test.ts";
import { type Reading, readTest, thereAndBack } from "./there-and-back.ts";

let digits: Dataset;
beforeAll(async () => {
  digits = await loadDataset("digits");
});

const model = classifier(
  sequential(flatten(), linear(64, 32), batchNorm(32), relu(), dropout(0.2), linear(32, 10)),
  [1, 8, 8],
);

const LR = 1e-3;

async function prepare(seed = 1): Promise<RangeTestOptions> {
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(adamw) });
  vector.initialize(model.module, seed);
  const optimizer = new Optimizer({
    backend: wasmBackend(vector.memory),
    segments: vector.segments,
    parameters: vector.parameters,
    gradients: vector.gradients,
    rule: adamw,
    hyper: { lr: LR },
  });
  const program = await TrainingProgram.create({ model, vector, batchSize: 32, seed });
  const batches = new Batches(digits.train, { batchSize: 32, seed, normalization: digits });
  return {
    vector,
    program,
    optimizer,
    baseRate: LR,
    fill: (step, { x, labels }) => batches.fill(step, x as Float32Array, labels as Int32Array),
    from: 1e-6,
    to: 10,
    steps: 120,
  };
}

async function train({ fill, program, optimizer }: RangeTestOptions, from: number, to: number) {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    fill(step, program.batch);
    losses.push(await program.run(step));
    optimizer.step();
  }
  return losses;
}

const bytes = (values: Float32Array) => new Uint32Array(values.slice().buffer);

/** Everything the next step depends on, as bits. */
const bits = ({ vector, optimizer }: RangeTestOptions) => ({
  parameters: bytes(vector.parameters),
  gradients: bytes(vector.gradients),
  buffers: bytes(vector.buffers),
  state: optimizer.state(),
});

describe("rangeTest()", () => {
  it("leaves every bit as it was, and training goes on as if nothing had happened", async () => {
    const disturbed = await prepare();
    const undisturbed = await prepare();
    await train(disturbed, 0, 5);
    await train(undisturbed, 0, 5);
    const before = bits(disturbed);
    const { end } = await rangeTest(disturbed);
    expect(["finished", "diverged", "non-finite"]).toContain(end);
    expect(bits(disturbed)).toEqual(before);
    expect(await train(disturbed, 5, 15)).toEqual(await train(undisturbed, 5, 15));
    expect(bits(disturbed)).toEqual(bits(undisturbed));
  });

  it("steps with the rates it records: each loss is that of plain training with the same factors", async () => {
    const options = await prepare();
    const { rates, losses } = await rangeTest(options);
    const { fill, program, optimizer } = await prepare();
    for (let step = 0; step < 60; step++) {
      fill(step, program.batch);
      expect(await program.run(step)).toBe(losses[step]);
      optimizer.step({ lr: rates[step]! / LR });
    }
  });

  it("gives the same numbers when it is run again", async () => {
    const options = await prepare();
    expect(await rangeTest(options)).toEqual(await rangeTest(options));
  });

  it("restores after an error too", async () => {
    const options = await prepare();
    const before = bits(options);
    const failing = {
      ...options,
      fill: (step: number, batch: RangeTestOptions["program"]["batch"]) => {
        if (step === 30) throw new Error("disk on fire");
        options.fill(step, batch);
      },
    };
    await expect(rangeTest(failing)).rejects.toThrow("disk on fire");
    expect(bits(options)).toEqual(before);
  });

  it.each([
    [Number.NaN, "non-finite"],
    [Number.POSITIVE_INFINITY, "non-finite"],
  ])("ends at a loss of %s and keeps it in the record", async (value, end) => {
    const options = await prepare();
    let step = 0;
    const program = { batch: options.program.batch, run: async () => (step++ < 40 ? 2 : value) };
    const test = await rangeTest({ ...options, program });
    expect(test).toMatchObject({ end, rates: { length: 120 } });
    expect(test.losses).toEqual([...new Array<number>(40).fill(2), value]);
  });

  it("goes on until every tool would have stopped: 5 times the best of a slow average", async () => {
    const options = await prepare();
    let step = 0;
    const program = { batch: options.program.batch, run: async () => (step++ < 60 ? 1 : 100) };
    const { end, losses } = await rangeTest({ ...options, program });
    // torch-lr-finder: 0.05 · 100 + 0.95 = 5.95 > 5 at once. fastai: m = 0.98 m + 2 from m = 1 − 0.98⁶⁰, over 1 − 0.98ᵗ, passes 4 later
    let m = 1 - 0.98 ** 60;
    let t = 60;
    for (let s = 1; s <= 4; s = m / (1 - 0.98 ** t)) {
      m = 0.98 * m + 2;
      t++;
    }
    expect(end).toBe("diverged");
    expect([t, t + 1]).toContain(losses.length); // Lightning's average divides by a little more
  });

  it("stops at its signal, restored", async () => {
    const options = await prepare();
    const before = bits(options);
    const abort = new AbortController();
    const { end, losses } = await rangeTest({
      ...options,
      signal: abort.signal,
      fill: (step, batch) => {
        if (step === 9) abort.abort();
        options.fill(step, batch);
      },
    });
    expect(end).toBe("interrupted");
    expect(losses).toHaveLength(10);
    expect(bits(options)).toEqual(before);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("refuses a base rate of %s", async (baseRate) => {
    await expect(rangeTest({ ...(await prepare()), baseRate })).rejects.toThrow(
      `current value is ${baseRate}`,
    );
  });
});

describe("thereAndBack()", () => {
  it("turns at the lowest loss, comes down a thousandfold, restores every bit, and repeats itself", async () => {
    const options = await prepare();
    const before = bits(options);
    const test = await thereAndBack({ ...options, downSteps: 100 });
    expect(bits(options)).toEqual(before);
    const { rates, losses } = test.down!;
    expect(test.up.rates).toContain(rates[0]);
    expect(rates[0]! / rates.at(-1)!).toBeCloseTo(1000, 9);
    expect(losses).toHaveLength(100);
    expect(await thereAndBack({ ...options, downSteps: 100 })).toEqual(test);
  });

  it("suggests a rate that trains better than a tenth and ten times of it, between the useful and the stable one", async () => {
    const reading = readTest(await thereAndBack({ ...(await prepare()), steps: 200 }));
    if ("failure" in reading) throw new Error(reading.failure);
    const { suggestion, usefulFrom, stableTo } = reading;
    expect(suggestion).toBeLessThanOrEqual(stableTo);
    expect(usefulFrom).toBeLessThan(stableTo);
    const after = async (lr: number) => {
      const { fill, program, optimizer } = await prepare(2);
      let sum = 0;
      for (let step = 0; step < 300; step++) {
        fill(step, program.batch);
        const loss = await program.run(step);
        optimizer.step({ lr: lr / LR });
        if (step >= 260) sum += loss;
      }
      return sum / 40;
    };
    const loss = await after(suggestion);
    expect(loss).toBeLessThan(await after(suggestion / 10));
    expect(loss).toBeLessThan(await after(suggestion * 10));
  });

  it("refuses too few steps down", async () => {
    await expect(thereAndBack({ ...(await prepare()), downSteps: 3 })).rejects.toThrow(
      "at least 20: current value is 3",
    );
  });
});

describe("readTest()", () => {
  const rates = Array.from({ length: 100 }, (_, i) => 10 ** (-6 + (7 * i) / 99));
  const up = (losses: number[], end: "finished" | "interrupted" = "finished") => ({ rates, losses, end });

  it("says in words why there is nothing to read", () => {
    expect(readTest({ up: up(rates.map(() => 2.3)) })).toEqual({
      failure: expect.stringContaining("never fell between 0.000001 and 10"),
    });
    expect(readTest({ up: up([], "interrupted") })).toEqual({ failure: "the test was interrupted" });
    const falling = up(rates.map((_, i) => 3 - i / 50));
    expect(readTest({ up: falling, down: falling })).toEqual({
      failure: expect.stringContaining("still falling at the highest rate, 10"),
    });
  });

  it("finds the rate where a known noise floor is gone, whatever single batches do", () => {
    // up: 2.3, falling about lr = 0.01, climbing about lr = 1. down: 0.1 + 10 lr from lr = 0.1, that is 1.1 at the top and
    // 6 % of what was added left at lr = 0.006; the suggestion is 2.5 times that; every tenth batch is an outlier
    const logistic = (x: number) => 1 / (1 + Math.exp(-3 * x));
    const valleyLosses = rates.map(
      (rate) => 2.3 - 2 * logistic(Math.log(rate / 0.01)) + 5 * logistic(Math.log(rate / 1)),
    );
    const downRates = Array.from({ length: 300 }, (_, i) => 0.1 * 10 ** ((-3 * i) / 299));
    const noisy = downRates.map((rate, i) => 0.1 + 10 * rate + (i % 10 === 5 ? 1 : 0));
    const reading = readTest({
      up: up(valleyLosses),
      down: { rates: downRates, losses: noisy, end: "finished" },
    });
    if ("failure" in reading) throw new Error(reading.failure);
    expect(reading.suggestion / 0.015).toBeGreaterThan(0.8);
    expect(reading.suggestion / 0.015).toBeLessThan(1.25);
    // a tenth of 2 is gone at lr = 0.01 e^(−ln 9 / 3) = 0.0048; the rates until then sum to about 0.0048 / (1 − 10^(−7/99)),
    // which a hundredth of each step makes 0.0048 · 6.66 / 100; smoothing begins a little earlier
    expect(reading.usefulFrom / 0.00032).toBeGreaterThan(0.7);
    expect(reading.usefulFrom / 0.00032).toBeLessThan(1.1);
    expect(reading.stableTo).toBeLessThan(1);
  });
});

describe("findRate()", () => {
  it("suggests nothing that would break the most fragile seed", () => {
    const rates = Array.from({ length: 100 }, (_, i) => 10 ** (-6 + (7 * i) / 99));
    const valley = (bottom: number) =>
      rates.map((rate) => 1 + Math.min(1.3, Math.abs(Math.log10(rate / bottom)) / 2));
    const test = (bottom: number) => {
      // no noise at all on the way down but at the very top: the suggestion is capped by what is stable
      const down = Array.from({ length: 100 }, (_, i) => bottom * 1000 ** (-i / 99));
      const up = { rates, losses: valley(bottom), end: "finished" as const };
      return {
        up,
        down: { rates: down, losses: down.map((_, i) => (i < 5 ? 1 : 0.1)), end: "finished" as const },
      };
    };
    const [fragile, sturdy] = [test(1e-3), test(1e-1)];
    const limit = (readTest(fragile) as Reading).stableTo;
    const { suggestions, stableTo } = findRate([fragile, sturdy, sturdy]);
    expect((readTest(sturdy) as Reading).suggestion).toBeGreaterThan(limit);
    expect(stableTo).toBe(limit);
    expect(suggestions[0]!.rate!.high).toBe(limit);
  });

  it("is plain data, lists ours first, and keeps what failed", async () => {
    const good = await thereAndBack(await prepare());
    const bad = {
      up: { rates: good.up.rates, losses: good.up.rates.map(() => 2), end: "finished" as const },
    };
    const finding = findRate([good, bad, good]);
    expect(JSON.parse(JSON.stringify(finding))).toEqual(finding);
    const [ours, ...others] = finding.suggestions;
    expect(ours).toMatchObject({ method: "thalweg", bySeed: [expect.any(Number), null, expect.any(Number)] });
    expect(ours!.rate!.median).toBe(ours!.bySeed[0]);
    expect(others).toHaveLength(9);
    const { stableTo } = readTest(good) as Reading;
    expect(finding.stableTo).toBe(stableTo);
    expect(finding.failures).toHaveLength(1);
    expect(() => findRate([])).toThrow("at least 1 test is needed");
  });
});

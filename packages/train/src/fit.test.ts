/** Training as a whole, on the digits that ship with the package: results, resuming, divergence. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Batches, type Dataset, loadDataset } from "@thalweg/data";
import { batchNorm, dropout, flatten, linear, relu, sequential } from "@thalweg/nn";
import {
  adamw,
  momentum,
  Optimizer,
  parseSchedule,
  type Rule,
  rule,
  stateSlotCount,
  wasmBackend,
} from "@thalweg/optim";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Evaluator } from "./evaluate.ts";
import { type FitOptions, type FitResult, fit } from "./fit.ts";
import { ParameterVector } from "./parameter-vector.ts";
import { classifier, TrainingProgram } from "./program.ts";
import { createRun, openRun, readRun } from "./run-folder.ts";

let digits: Dataset;
const root = mkdtempSync(join(tmpdir(), "thalweg-fit-"));
beforeAll(async () => {
  digits = await loadDataset("digits");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A network with everything that a checkpoint must hold: batch-norm buffers, dropout noise, two slots of state. */
const model = classifier(
  sequential(flatten(), linear(64, 32), batchNorm(32), relu(), dropout(0.2), linear(32, 10)),
  [1, 8, 8],
);

interface Setting {
  rule?: Rule;
  hyper?: Record<string, number>;
  seed?: number;
}

async function prepare({ rule = adamw, hyper = {}, seed = 1 }: Setting = {}) {
  const vector = new ParameterVector(model.module, { stateSlots: stateSlotCount(rule) });
  vector.initialize(model.module, seed);
  const optimizer = new Optimizer({
    backend: wasmBackend(vector.memory),
    segments: vector.segments,
    parameters: vector.parameters,
    gradients: vector.gradients,
    rule,
    hyper,
  });
  const program = await TrainingProgram.create({ model, vector, batchSize: 32, seed });
  const batches = new Batches(digits.train, { batchSize: 32, seed, normalization: digits });
  const evaluator = await Evaluator.create({
    model,
    vector,
    batchSize: 100,
    split: digits.test,
    normalization: digits,
  });
  const options: FitOptions = {
    vector,
    program,
    optimizer,
    steps: 60,
    evaluateEvery: 20,
    schedules: { lr: parseSchedule("warmup(10) > cosine", 60) },
    fill: (step, { x, labels }) => batches.fill(step, x as Float32Array, labels as Int32Array),
    evaluate: () => evaluator.run(),
  };
  return { vector, options };
}

/** Everything but the clock. */
const timeless = ({ seconds: _, evaluations, ...rest }: FitResult) => ({
  ...rest,
  evaluations: evaluations.map(({ seconds: __, ...evaluation }) => evaluation),
});

/** The factor of `lr` at each step, as a run's log tells it. */
function recordedRates(folder: string): number[] {
  const { lines, end } = readRun(folder)!;
  return [...lines, end!].flatMap((line) => (line.scheduled as { lr?: number[] } | undefined)?.lr ?? []);
}

describe("fit()", () => {
  it("learns: the loss falls by half and the accuracy of held-out digits passes 80 % in 60 steps", async () => {
    const { options } = await prepare({ hyper: { lr: 1e-2 } });
    const result = await fit(options);
    expect(result.end).toBe("finished");
    expect(result.evaluations.map(({ step }) => step)).toEqual([0, 20, 40, 60]);
    const [first, last] = [result.evaluations[0]!, result.evaluations.at(-1)!];
    expect(last.loss).toBeLessThan(first.loss! / 2);
    expect(last.accuracy).toBeGreaterThan(0.8);
    expect(first.trainLoss).toBeNaN();
    expect(last.trainLoss).toBeGreaterThan(0);
  });

  it("shows a plateau the watched measure at evaluations, and resumes it from the log", async () => {
    const lr = parseSchedule("warmup(5) > plateau(patience=0, mode=max, gamma=0.5)", 60); // loss falls: never better
    const run = async (folder: string, signal?: AbortSignal) => {
      const { options, vector } = await prepare();
      const rates: number[] = [];
      const optimizer = Object.create(options.optimizer, {
        step: {
          value: (factors: Record<string, number>) => {
            rates.push(factors.lr!);
            options.optimizer.step(factors);
          },
        },
      }) as typeof options.optimizer;
      await fit({
        ...options,
        optimizer,
        schedules: { lr },
        evaluateEvery: 10,
        watch: "loss",
        run: existsSync(folder) ? openRun(folder) : createRun(folder, { test: "plateau" }),
        ...(signal && { signal }),
        fill: (step, batch) => {
          if (signal !== undefined && step === 33) stop.abort();
          options.fill(step, batch);
        },
      });
      return { rates, parameters: vector.parameters.slice() };
    };
    const stop = new AbortController();
    const whole = await run(join(root, "plateau-whole"));
    // the first metric, at step 10, is the best; each later one is a plateau
    expect([9, 19, 20, 29, 30, 59].map((k) => whole.rates[k])).toEqual([1, 1, 0.5, 0.5, 0.25, 0.0625]);
    const first = await run(join(root, "plateau-cut"), stop.signal);
    const rest = await run(join(root, "plateau-cut"));
    expect([...first.rates, ...rest.rates]).toEqual(whole.rates);
    expect(rest.parameters).toEqual(whole.parameters);
    expect(recordedRates(join(root, "plateau-whole"))).toEqual(whole.rates);
    expect(recordedRates(join(root, "plateau-cut"))).toEqual(whole.rates);
  });

  it("records what was scheduled at each step, also of those between the last evaluation and a divergence", async () => {
    const folder = join(root, "diverged-between");
    const { options } = await prepare();
    const program = {
      batch: options.program.batch,
      run: async (step: number) => (step < 33 ? 1 : Number.NaN),
    };
    const result = await fit({ ...options, program, run: createRun(folder, { test: "between" }) });
    expect(result).toMatchObject({ end: "diverged", step: 34 });
    expect(readRun(folder)!.lines.map((line) => line.scheduled === undefined)).toEqual([true, false]);
    const { at } = options.schedules!.lr!;
    expect(recordedRates(folder)).toEqual(Array.from({ length: 34 }, (_, step) => at(step)));
    expect(result.evaluations.every((evaluation) => !("scheduled" in evaluation))).toBe(true);
  });

  it("gives the same bits for the same seed", async () => {
    const once = await prepare();
    const again = await prepare();
    expect(timeless(await fit(once.options))).toEqual(timeless(await fit(again.options)));
    expect(again.vector.parameters).toEqual(once.vector.parameters);
  });

  it.each([1, 13, 20, 47])("continues bit for bit when it was stopped after step %i", async (stopAfter) => {
    const undisturbed = await prepare();
    const expected = await fit(undisturbed.options);

    const folder = join(root, `stopped-${stopAfter}`);
    const first = await prepare();
    const stop = new AbortController();
    const interrupted = await fit({
      ...first.options,
      run: createRun(folder, { test: stopAfter }),
      signal: stop.signal,
      fill: (step, batch) => {
        first.options.fill(step, batch);
        if (step + 1 === stopAfter) stop.abort();
      },
    });
    expect(interrupted).toMatchObject({ end: "interrupted", step: stopAfter });

    const second = await prepare();
    const resumed = await fit({ ...second.options, run: openRun(folder) });
    expect(timeless(resumed)).toEqual(timeless(expected));
    expect(second.vector.parameters).toEqual(undisturbed.vector.parameters);
    expect(second.vector.buffers).toEqual(undisturbed.vector.buffers);
  });

  it("is left after the step that `until` says, and gone on with bit for bit", async () => {
    const undisturbed = await prepare();
    const expected = await fit(undisturbed.options);
    const folder = join(root, "until");
    const first = await prepare();
    const left = await fit({ ...first.options, run: createRun(folder, { test: "until" }), until: 20 });
    expect(left).toMatchObject({ end: "interrupted", step: 20 });
    const again = await prepare();
    expect(await fit({ ...again.options, run: openRun(folder), until: 20 })).toMatchObject({ step: 20 });
    const last = await prepare();
    const resumed = await fit({ ...last.options, run: openRun(folder) });
    expect(timeless(resumed)).toEqual(timeless(expected));
    expect(last.vector.parameters).toEqual(undisturbed.vector.parameters);
  });

  it("loses only what came after the last checkpoint, and writes those lines again", async () => {
    const folder = join(root, "crashed");
    const first = await prepare();
    const crash = new Error("power cut");
    await expect(
      fit({
        ...first.options,
        run: createRun(folder, { test: "crash" }),
        checkpoint: { everySteps: 15 },
        fill: (step, batch) => {
          if (step === 43) throw crash;
          first.options.fill(step, batch);
        },
      }),
    ).rejects.toThrow(crash);
    expect(readRun(folder)!.lines.map(({ step }) => step)).toEqual([0, 20, 40]);

    const second = await prepare();
    const steps: number[] = [];
    const resumed = await fit({
      ...second.options,
      run: openRun(folder),
      fill: (step, batch) => {
        steps.push(step);
        second.options.fill(step, batch);
      },
    });
    expect(steps[0]).toBe(30); // the checkpoint of step 30; the line of step 40 is written again
    const undisturbed = await prepare();
    expect(timeless(resumed)).toEqual(timeless(await fit(undisturbed.options)));
    expect(readRun(folder)!.lines.map(({ step }) => step)).toEqual([0, 20, 40, 60]);
  });

  it("does not run a finished run again", async () => {
    const folder = join(root, "finished");
    const first = await prepare();
    const result = await fit({ ...first.options, run: createRun(folder, { test: "finished" }) });
    const second = await prepare();
    const fill = () => {
      throw new Error("it trained again");
    };
    expect(await fit({ ...second.options, fill, run: openRun(folder) })).toEqual(result);
  });

  it("ends as diverged, with the reason and the step, when the loss is not finite", async () => {
    const { options } = await prepare({ rule: momentum, hyper: { lr: 1e12 } });
    const folder = join(root, "diverged");
    const result = await fit({ ...options, schedules: {}, run: createRun(folder, { test: "diverged" }) });
    expect(result.end).toBe("diverged");
    expect(result.reason).toMatch(/^the loss of step \d+ is (NaN|Infinity)$/);
    expect(result.step).toBeLessThan(60);
    expect(readRun(folder)!.end).toMatchObject({ end: "diverged", reason: result.reason! });
  });

  it("ends as diverged when the loss stays a thousand times above the initial one", async () => {
    const { options } = await prepare();
    const huge = { ...options.program, batch: options.program.batch } as unknown as FitOptions["program"];
    let step = 0;
    Object.assign(huge, { run: async () => (step++ === 0 ? 1 : 5_000) });
    const result = await fit({ ...options, program: huge, steps: 500, evaluateEvery: 10, schedules: {} });
    expect(result).toMatchObject({ end: "diverged", step: 30 });
    expect(result.reason).toContain("1000 times the initial 1 for 3 evaluations");
  });

  it("evaluates the gradients that a rule asks for before its update, and counts them", async () => {
    const climber = rule({
      name: "climber",
      hyper: { lr: 0.05, rho: 0.05 },
      state: ["origin"],
      before: [{ update: "origin = theta\n theta = theta + rho * g / normAll(g)", every: 2 }],
      update: "theta = where((t - 1) / 2 == floor((t - 1) / 2), origin, theta) - lr * g",
    });
    const { options } = await prepare({ rule: climber });
    const result = await fit({ ...options, schedules: {} });
    expect(result.evaluations.map(({ step, gradients }) => [step, gradients])).toEqual([
      [0, 0],
      [20, 30],
      [40, 60],
      [60, 90],
    ]);
    expect(result.evaluations.at(-1)!.loss).toBeLessThan(result.evaluations[0]!.loss!);
  });

  it("evaluates with the view of a rule that has one, and goes on from its parameters", async () => {
    const frozenView = rule({
      name: "frozen-view",
      hyper: { lr: 0.05 },
      state: { start: { initial: "theta" } },
      update: "theta = theta - lr * g",
      view: "start",
    });
    const viewed = await prepare({ rule: frozenView });
    const result = await fit({ ...viewed.options, schedules: {} });
    const plain = await prepare({
      rule: rule({ name: "plain", hyper: { lr: 0.05 }, update: "theta = theta - lr * g" }),
    });
    const expected = await fit({ ...plain.options, schedules: {}, evaluate: async () => ({}) });
    expect(viewed.vector.parameters).toEqual(plain.vector.parameters);
    expect(result.evaluations.map(({ trainLoss }) => trainLoss)).toEqual(
      expected.evaluations.map(({ trainLoss }) => trainLoss),
    );
  });

  it("says which gradient a rule asks for that the task does not give", async () => {
    const sampling = rule({
      name: "sampling",
      state: { h: { initial: "1" } },
      before: [{ update: "h = g^2", gradient: "sampled-labels" }],
      update: "theta = theta - 0 * g / h",
    });
    const { options } = await prepare({ rule: sampling });
    await expect(fit({ ...options, schedules: {} })).rejects.toThrow(
      /a gradient of the kind "sampled-labels"/,
    );
  });

  it("refuses a checkpoint of another rule or another model", async () => {
    const folder = join(root, "other");
    const first = await prepare();
    await fit({ ...first.options, steps: 20, run: createRun(folder, { test: "other" }) });
    openRun(folder).truncateAfter(20); // as if it had been stopped before its end
    const other = await prepare({ rule: momentum });
    await expect(fit({ ...other.options, run: openRun(folder) })).rejects.toThrow(
      /is updated by momentum: the state was saved by adamw/,
    );
  });

  it("refuses lengths that are no counts", async () => {
    const { options } = await prepare();
    await expect(fit({ ...options, steps: 0 })).rejects.toThrow(
      "Cannot fit as steps must be a whole number, at least 1: current value is 0",
    );
    await expect(fit({ ...options, evaluateEvery: Number.NaN })).rejects.toThrow("current value is NaN");
  });
});

describe("Evaluator", () => {
  it("measures every image once, whatever the batch size", async () => {
    const { vector } = await prepare();
    const results = await Promise.all(
      [1, 7, 100, 360, 1_000].map(async (batchSize) => {
        const evaluator = await Evaluator.create({
          model,
          vector,
          batchSize,
          split: digits.test,
          normalization: digits,
        });
        const measures = await evaluator.run();
        await evaluator.release();
        return measures;
      }),
    );
    for (const { loss, accuracy } of results) {
      expect(loss).toBeCloseTo(results[0]!.loss!, 5);
      expect(accuracy).toBe(results[0]!.accuracy);
    }
  });
});

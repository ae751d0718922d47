/** Gradients of sampled labels and of all data, against plain host arithmetic. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Batches, type Dataset, loadDataset } from "@thalweg/data";
import { batchNorm, dropout, flatten, linear, sequential } from "@thalweg/nn";
import { chain, Optimizer, type Rule, rules, sam, stateSlotCount, wasmBackend } from "@thalweg/optim";
import { stream } from "@thalweg/random";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FitOptions, fit } from "./fit.ts";
import { type OtherGradientsOptions, otherGradients } from "./other-gradients.ts";
import { ParameterVector, segmentOf } from "./parameter-vector.ts";
import { classifier, type Model, TrainingProgram } from "./program.ts";
import { createRun, openRun } from "./run-folder.ts";

let digits: Dataset;
const root = mkdtempSync(join(tmpdir(), "thalweg-other-gradients-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeAll(async () => {
  digits = await loadDataset("digits");
});
const open: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.release();
});

const plain = () => classifier(sequential(flatten(), linear(64, 10)), [1, 8, 8]);

interface Setting {
  model?: Model;
  kinds: OtherGradientsOptions["kinds"];
  batchSize: number;
  indices?: Uint32Array;
  rule?: Rule;
}

async function prepare({ model = plain(), kinds, batchSize, indices, rule }: Setting) {
  const vector = new ParameterVector(model.module, {
    stateSlots: rule === undefined ? 0 : stateSlotCount(rule),
  });
  vector.initialize(model.module, 5);
  const program = await TrainingProgram.create({ model, vector, batchSize, seed: 5 });
  const used = indices === undefined ? {} : { indices };
  const common = { model, vector, split: digits.train, normalization: digits, seed: 5 };
  const others = await otherGradients({ ...common, kinds, program, ...used });
  open.push(program, others);
  return { model, vector, program, gradients: others.gradients };
}

describe('otherGradients() of kind "sampled-labels"', () => {
  /** With weights of zero the logits are the bias, and the bias's gradient is softmax - onehot: it shows the label. */
  async function labels(logits: readonly number[], steps: number): Promise<number[]> {
    const { vector, gradients } = await prepare({ kinds: ["sampled-labels"], batchSize: 1 });
    const [weight, bias] = vector.segments;
    segmentOf(vector.parameters, weight!).fill(0);
    segmentOf(vector.parameters, bias!).set(logits);
    const drawn: number[] = [];
    for (let step = 0; step < steps; step++) {
      expect(await gradients["sampled-labels"]!(step)).toBe(1);
      const slope = segmentOf(vector.gradients, bias!);
      const label = slope.indexOf(Math.min(...slope));
      const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
      logits.forEach((z, c) => {
        expect(slope[c]).toBeCloseTo(Math.exp(z) / total - (c === label ? 1 : 0), 5);
      });
      drawn.push(label);
    }
    return drawn;
  }

  const p = [0.4, 0.25, 0.1, 0.05, 0.05, 0.05, 0.04, 0.03, 0.02, 0.01];

  it("draws a label by Gumbel's trick from stream(seed, labels, step)", async () => {
    const logits = p.map(Math.log);
    const expected = Array.from({ length: 60 }, (_, step) => {
      const u = new Float32Array(10);
      stream(5, "labels", step).fillUniform(u, 0, 1);
      const scores = logits.map((z, c) => z - Math.log(-Math.log(u[c]!)));
      return scores.indexOf(Math.max(...scores));
    });
    expect(await labels(logits, 60)).toEqual(expected);
  });

  it("draws each label as often as the model's softmax says: chi² of 3000 draws below its 99.9 % point", async () => {
    const counts = p.map(() => 0);
    for (const label of await labels(p.map(Math.log), 3000)) counts[label]!++;
    const chi2 = counts.reduce((sum, n, c) => sum + (n - 3000 * p[c]!) ** 2 / (3000 * p[c]!), 0);
    expect(chi2).toBeLessThan(27.9); // 9 degrees of freedom
  });

  it("leaves the batch at hand and running statistics as they are", async () => {
    const model = classifier(sequential(flatten(), batchNorm(64), linear(64, 10)), [1, 8, 8]);
    const { vector, program, gradients } = await prepare({
      ...{ model, kinds: ["sampled-labels", "full"], batchSize: 16 },
      indices: Uint32Array.from({ length: 40 }, (_, i) => i),
    });
    const batches = new Batches(digits.train, { batchSize: 16, seed: 1, normalization: digits });
    batches.fill(3, program.batch.x as Float32Array, program.batch.labels as Int32Array);
    const before = [program.batch.x!.slice(), program.batch.labels!.slice(), vector.buffers.slice()];
    await gradients["sampled-labels"]!(3);
    await gradients.full!(3);
    expect([program.batch.x, program.batch.labels, vector.buffers]).toEqual(before);
  });

  it("refuses a model that does not say how labels are drawn", async () => {
    const { sampledLoss: _, ...model } = plain();
    await expect(prepare({ model, kinds: ["sampled-labels"], batchSize: 4 })).rejects.toThrow(
      "Cannot sample labels as the model must say how they follow from its predictions",
    );
  });
});

describe('otherGradients() of kind "full"', () => {
  it("is the mean over all images, the rest that fills no batch included, and says how many batches it took", async () => {
    const indices = Uint32Array.from({ length: 23 }, (_, i) => 3 * i);
    const { model, vector, gradients } = await prepare({ kinds: ["full"], batchSize: 5, indices });
    expect(await gradients.full!(0)).toBe(5); // 4 of 5 images, and one of 3
    const found = vector.gradients.slice();

    const once = await TrainingProgram.create({ model, vector, batchSize: 23, seed: 5 });
    open.push(once);
    const all = new Batches(digits.train, { batchSize: 23, seed: 0, normalization: digits, indices });
    all.fill(0, once.batch.x as Float32Array, once.batch.labels as Int32Array);
    await once.run(0);
    found.forEach((value, i) => {
      expect(Math.abs(value - vector.gradients[i]!)).toBeLessThan(2e-6);
    });
  });

  it("works where a batch is larger than the data, and with dropout's noise gives the same twice", async () => {
    const model = classifier(sequential(flatten(), dropout(0.5), linear(64, 10)), [1, 8, 8]);
    const indices = Uint32Array.of(1, 5, 9);
    const { vector, gradients } = await prepare({ model, kinds: ["full"], batchSize: 32, indices });
    expect(await gradients.full!(7)).toBe(1);
    const once = vector.gradients.slice();
    await gradients.full!(7);
    expect(vector.gradients).toEqual(once);
    await gradients.full!(8);
    expect(vector.gradients).not.toEqual(once);
  });
});

describe("fit()", () => {
  it.each([
    ["sophia-g", 12 + 2], // one of sampled labels in steps 1 and 11
    ["svrg", 12 * 2 + 4], // two a step, and one of all 100 images in the first, in batches of 32
    ["adamw", 12],
  ])("counts what %s pays for its gradients: %i in 12 steps", async (name, expected) => {
    const rule = rules[name]!;
    const indices = Uint32Array.from({ length: 100 }, (_, i) => i);
    const kinds = rule.program.before.map(({ gradient }) => gradient);
    const { vector, program, gradients } = await prepare({ kinds, batchSize: 32, indices, rule });
    const optimizer = new Optimizer({
      ...{ backend: wasmBackend(vector.memory), segments: vector.segments, rule },
      ...{ parameters: vector.parameters, gradients: vector.gradients },
    });
    const batches = new Batches(digits.train, { batchSize: 32, seed: 1, normalization: digits, indices });
    const result = await fit({
      ...{ vector, program, optimizer, gradients, steps: 12, evaluateEvery: 6 },
      fill: (step, { x, labels }) => batches.fill(step, x as Float32Array, labels as Int32Array),
      evaluate: async () => ({}),
    });
    expect(result).toMatchObject({ end: "finished", step: 12, gradients: expected });
    expect(result.evaluations.at(-1)!.gradients).toBe(expected);
    expect(result.evaluations.at(-1)!.trainLoss).toBeLessThan(result.evaluations[1]!.trainLoss);
  });

  it.each([
    "sophia-g",
    "svrg",
    "sam",
  ])("continues %s bit for bit when it was stopped after step 7", async (name) => {
    const rule = name === "sam" ? chain(sam(), rules.momentum!) : rules[name]!;
    const folder = join(root, name);
    const run = async (options: Partial<FitOptions>) => {
      const kinds = rule.program.before.map(({ gradient }) => gradient);
      const indices = Uint32Array.from({ length: 100 }, (_, i) => i);
      const { vector, program, gradients } = await prepare({ kinds, batchSize: 32, indices, rule });
      const optimizer = new Optimizer({
        ...{ backend: wasmBackend(vector.memory), segments: vector.segments, rule },
        ...{ parameters: vector.parameters, gradients: vector.gradients },
      });
      const batches = new Batches(digits.train, { batchSize: 32, seed: 1, normalization: digits, indices });
      const result = await fit({
        ...{ vector, program, optimizer, gradients, steps: 14, evaluateEvery: 7 },
        fill: (step, { x, labels }) => batches.fill(step, x as Float32Array, labels as Int32Array),
        evaluate: async () => ({}),
        ...options,
      });
      return { result, parameters: vector.parameters.slice() };
    };
    const whole = await run({});
    const stop = new AbortController();
    let evaluations = 0;
    const stopped = await run({
      ...{ run: createRun(folder, { name }), signal: stop.signal },
      evaluate: async () => {
        if (evaluations++ > 0) stop.abort();
        return {};
      },
    });
    expect(stopped.result).toMatchObject({ end: "interrupted", step: 7 });
    const rest = await run({ run: openRun(folder) });
    expect(rest.parameters).toEqual(whole.parameters);
    expect(rest.result).toMatchObject({ end: "finished", gradients: whole.result.gradients });
    expect(rest.result).toMatchObject(await run({ run: openRun(folder) }).then(({ result }) => result)); // as it lies on disk
  });
});

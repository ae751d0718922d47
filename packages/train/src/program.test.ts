import {
  batchNorm,
  conv2d,
  dropout,
  flatten,
  linear,
  maxPool2d,
  relu,
  sequential,
  tracing,
} from "@thalweg/nn";
import { stream } from "@thalweg/random";
import { afterEach, describe, expect, it } from "vitest";
import { ParameterVector, segmentOf } from "./parameter-vector.ts";
import { classifier, EvaluationProgram, type Model, TrainingProgram } from "./program.ts";

const open: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const program of open.splice(0)) await program.release();
});

/** Logits z = W x + b of the batch, and p = softmax(z), in plain float64 loops. */
function softmaxRegression(weight: Float32Array, bias: Float32Array, x: Float32Array, labels: Int32Array) {
  const [batch, inputs, classes] = [labels.length, x.length / labels.length, bias.length];
  const gradient = { weight: new Float64Array(weight.length), bias: new Float64Array(classes) };
  let loss = 0;
  let correct = 0;
  for (let i = 0; i < batch; i++) {
    const row = x.subarray(i * inputs, (i + 1) * inputs);
    const z = Array.from(bias, (b, c) => row.reduce((sum, v, k) => sum + v * weight[c * inputs + k]!, b));
    const total = z.reduce((sum, v) => sum + Math.exp(v), 0);
    const p = z.map((v) => Math.exp(v) / total);
    loss -= Math.log(p[labels[i]!]!) / batch;
    if (z.indexOf(Math.max(...z)) === labels[i]) correct++;
    for (let c = 0; c < classes; c++) {
      const error = (p[c]! - (c === labels[i] ? 1 : 0)) / batch; // dL/dz = (p − onehot) / B
      gradient.bias[c]! += error;
      for (let k = 0; k < inputs; k++) gradient.weight[c * inputs + k]! += error * row[k]!;
    }
  }
  return { loss, correct, gradient };
}

function fillBatch(batch: Readonly<Record<string, unknown>>, classes: number) {
  const x = batch.x as Float32Array;
  const labels = batch.labels as Int32Array;
  const random = stream(7, "test");
  random.fillNormal(x, 0, 1);
  labels.forEach((_, i) => {
    labels[i] = random.integer(classes);
  });
  return { x, labels };
}

const closeTo = (found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) => {
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(tolerance);
};

describe("ParameterVector", () => {
  it("lays parameters end to end in the module's order, under torch's names", () => {
    const vector = new ParameterVector(sequential(linear(3, 2), relu(), linear(2, 4)), { stateSlots: 1 });
    expect(vector.segments.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ["0.weight", 0, 6],
      ["0.bias", 6, 2],
      ["2.weight", 8, 8],
      ["2.bias", 16, 4],
    ]);
    expect(vector.size).toBe(20);
  });

  it("initialize() gives the same bits for the same seed and others for another", () => {
    const module = sequential(linear(3, 2), batchNorm(2));
    const values = (seed: number) => {
      const vector = new ParameterVector(module, { stateSlots: 0 });
      vector.initialize(module, seed);
      return [...vector.parameters, ...vector.buffers];
    };
    expect(values(1)).toEqual(values(1));
    expect(values(1)).not.toEqual(values(2));
  });
});

describe("TrainingProgram and EvaluationProgram", () => {
  const model = classifier(linear(6, 4), [6]);

  it("give softmax regression's loss, count of right answers and gradient", async () => {
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    vector.initialize(model.module, 3);
    const training = await TrainingProgram.create({ model, vector, batchSize: 9, seed: 0 });
    const evaluation = await EvaluationProgram.create({ model, vector, batchSize: 9 });
    open.push(training, evaluation);
    const { x, labels } = fillBatch(training.batch, 4);
    fillBatch(evaluation.batch, 4);
    const [weight, bias] = vector.segments.map((segment) => segmentOf(vector.parameters, segment));
    const expected = softmaxRegression(weight!, bias!, x, labels);

    expect(await training.run(0)).toBeCloseTo(expected.loss, 5);
    const [dWeight, dBias] = vector.segments.map((segment) => segmentOf(vector.gradients, segment));
    closeTo(dWeight!, expected.gradient.weight, 1e-6);
    closeTo(dBias!, expected.gradient.bias, 1e-6);
    const measures = await evaluation.run();
    expect(measures.loss).toBeCloseTo(expected.loss, 5);
    expect(measures.accuracy).toBe(expected.correct);
  });

  it("read the parameters of the moment, without being told", async () => {
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    const training = await TrainingProgram.create({ model, vector, batchSize: 4, seed: 0 });
    open.push(training);
    fillBatch(training.batch, 4);
    expect(await training.run(0)).toBeCloseTo(Math.log(4), 6); // all-zero logits
    vector.parameters.fill(1);
    expect(await training.run(1)).toBeCloseTo(Math.log(4), 6); // equal logits
    vector.initialize(model.module, 1);
    expect(Math.abs((await training.run(2)) - Math.log(4))).toBeGreaterThan(0.01);
  });

  it("draw the same dropout noise for the same seed and step, and other noise at another step", async () => {
    const noisy = classifier(sequential(linear(6, 32), dropout(0.5), linear(32, 4)), [6]);
    const vector = new ParameterVector(noisy.module, { stateSlots: 0 });
    vector.initialize(noisy.module, 1);
    const losses = async (seed: number) => {
      const training = await TrainingProgram.create({ model: noisy, vector, batchSize: 4, seed });
      open.push(training);
      fillBatch(training.batch, 4);
      return [await training.run(0), await training.run(1), await training.run(0)];
    };
    const first = await losses(5);
    expect(first[0]).toBe(first[2]);
    expect(first[0]).not.toBe(first[1]);
    expect(await losses(5)).toEqual(first);
    expect((await losses(6))[0]).not.toBe(first[0]);
  });

  it("update batch normalisation's running statistics by torch's momentum 0.1, in training only", async () => {
    const normalised = classifier(sequential(batchNorm(6), linear(6, 4)), [6]);
    const vector = new ParameterVector(normalised.module, { stateSlots: 0 });
    vector.initialize(normalised.module, 1);
    const training = await TrainingProgram.create({ model: normalised, vector, batchSize: 8, seed: 0 });
    const evaluation = await EvaluationProgram.create({ model: normalised, vector, batchSize: 8 });
    open.push(training, evaluation);
    const { x } = fillBatch(training.batch, 4);
    fillBatch(evaluation.batch, 4);
    const buffer = (name: string) =>
      segmentOf(vector.buffers, vector.bufferSegments.find((segment) => segment.name === name)!);
    await evaluation.run();
    expect([...buffer("0.running_mean")]).toEqual([0, 0, 0, 0, 0, 0]);
    await training.run(0);
    const means = Array.from({ length: 6 }, (_, k) => {
      let sum = 0;
      for (let i = 0; i < 8; i++) sum += x[i * 6 + k]!;
      return sum / 8;
    });
    closeTo(
      buffer("0.running_mean"),
      means.map((mean) => 0.1 * mean),
      1e-6,
    );
  });

  it("compute convolutions in blocks with the numbers of ONNX's layout, and say so", async () => {
    const module = sequential(
      conv2d(3, 16, 3, { padding: 1 }),
      relu(),
      maxPool2d(2),
      flatten(),
      linear(256, 4),
    );
    const images = classifier(module, [3, 8, 8]);
    const train = async (blocks: boolean) => {
      const vector = new ParameterVector(module, { stateSlots: 0 });
      vector.initialize(module, 2);
      const training = await TrainingProgram.create({
        model: images,
        vector,
        batchSize: 16,
        seed: 0,
        blocks,
      });
      open.push(training);
      fillBatch(training.batch, 4);
      return { loss: await training.run(0), gradients: vector.gradients, report: training.convolutions! };
    };
    const [plain, blocked] = [await train(false), await train(true)];
    expect(plain.report).toEqual({
      block: null,
      blocked: 0,
      plain: [{ reason: "blocks were not wanted" }],
    });
    // forward and weight gradient; on a machine without such kernels, the reason
    if (blocked.report.block) expect(blocked.report).toMatchObject({ blocked: 2, plain: [] });
    else expect(blocked.report.plain[0]!.reason).toMatch(/^blocks of 16: /);
    expect(blocked.loss).toBeCloseTo(plain.loss, 5);
    closeTo(blocked.gradients, plain.gradients, 1e-5);
  });

  it("refuse inputs of a dtype that batches cannot have", async () => {
    const odd: Model = { ...model, inputs: () => ({ x: { shape: [2, 6], dtype: "float64" } }) };
    const vector = new ParameterVector(odd.module, { stateSlots: 0 });
    await expect(EvaluationProgram.create({ model: odd, vector, batchSize: 2 })).rejects.toThrow(
      "Cannot make a batch as input x must be float32 or int32: current dtype is float64",
    );
  });

  it("trace batch inputs under the names that the model gives them", () => {
    const context = tracing(model.module, { training: true });
    expect([...context.parameters.keys()]).toEqual(["weight", "bias"]);
  });
});

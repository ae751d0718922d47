import { batchNorm, conv2d, dropout, flatten, linear, sequential, tanh } from "@thalweg/nn";
import { classifier, ParameterVector, TrainingProgram } from "@thalweg/train";
import { expect, test } from "vitest";
import { examplesOf } from "../evaluate/testing.ts";
import { FlatProgram } from "./flat-program.ts";
import { SampledLoss, samplesFrom } from "./sampled-loss.ts";

const model = classifier(
  sequential(conv2d(1, 4, 3), batchNorm(4), tanh(), flatten(), linear(4 * 16, 3)),
  [1, 6, 6],
);
const examples = examplesOf(24, [1, 6, 6], 3);
const samples = samplesFrom(examples);

test("SampledLoss in training form has the gradient of a training step on the same batch, and its Hessian is that gradient's derivative", async () => {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, 5);
  const step = await TrainingProgram.create({ model, vector, batchSize: 24, seed: 1, updatesBuffers: false });
  samples.fill(0, 24, step.batch);
  const loss = await step.run(0);
  const expected = vector.gradients.slice();
  await step.release();
  const [training, evaluation] = (["training", "evaluation"] as const).map(
    (form) => new SampledLoss({ model, vector, samples, form }),
  );
  const gradient = new Float64Array(vector.size);
  expect(await training!.gradient(gradient)).toBeCloseTo(loss, 5);
  for (const [i, g] of gradient.entries()) expect(g).toBeCloseTo(expected[i]!, 5);
  expect(Math.abs((await evaluation!.value()) - loss)).toBeGreaterThan(1e-3); // running statistics are still 0 and 1

  // (∇L(θ + εv) − ∇L(θ − εv)) / 2ε, with ε where rounding and curvature err alike in float32
  const v = Float32Array.from(gradient, (_, i) => Math.sin(i) / Math.sqrt(vector.size));
  const product = new Float64Array(vector.size);
  await training!.hessian().apply(v, product);
  const theta = vector.parameters.slice();
  const at = async (epsilon: number) => {
    vector.parameters.set(theta.map((value, i) => value + epsilon * v[i]!));
    const g = new Float64Array(vector.size);
    await training!.gradient(g);
    return g;
  };
  const [after, before] = [await at(1e-2), await at(-1e-2)];
  const size = Math.hypot(...product);
  const off = Math.hypot(...product.map((p, i) => p - (after[i]! - before[i]!) / 2e-2));
  expect(off / size).toBeLessThan(0.01);
  await training!.release();
  await evaluation!.release();
});

test("FlatProgram refuses the training form of a model that draws noise, and says which", async () => {
  const noisy = classifier(sequential(flatten(), dropout(0.5), linear(36, 3)), [1, 6, 6]);
  const vector = new ParameterVector(noisy.module, { stateSlots: 0 });
  const settings = { model: noisy, vector, batchSize: 4, derivative: "gradient", form: "training" } as const;
  await expect(FlatProgram.create(settings)).rejects.toThrow(
    /must not draw noise.*choose the evaluation form/,
  );
});

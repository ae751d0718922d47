/**
 * Networks of @thalweg/nn on ONNX Runtime: loss and gradients in float32 are PyTorch's in float64, which zoo.make.py of that package
 * recorded. It fills weights and inputs with waves that do not repeat; so does this file.
 */
import { readFileSync } from "node:fs";
import { reshape, type Tensor } from "@thalweg/graph";
import * as nn from "@thalweg/nn";
import { describe, expect, test } from "vitest";
import { ParameterVector, segmentOf } from "./parameter-vector.ts";
import { classifier, type Model, TrainingProgram } from "./program.ts";

interface Case {
  readonly shape: number[];
  readonly tokens?: number[];
  readonly loss: number;
  /** Σ gᵢ cos i and ‖g‖ of each parameter's gradient. */
  readonly gradients: Readonly<Record<string, readonly [number, number]>>;
}
const file = new URL("../../nn/fixtures/zoo.json", import.meta.url);
const { models } = JSON.parse(readFileSync(file, "utf8")) as { models: Readonly<Record<string, Case>> };

/** cos(0.37 i² + 1.7 k + 0.5) for the i-th element. */
const wave = (size: number, k: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => Math.cos(0.37 * i * i + 1.7 * k + 0.5));

function fill(vector: ParameterVector): void {
  vector.segments.forEach((segment, k) => {
    const { name, shape, size } = segment;
    const amplitude = shape.length > 1 ? 2 / Math.sqrt(size / shape[0]!) : 0.3;
    const middle = shape.length === 1 && name.endsWith("weight") ? 1 : 0;
    segmentOf(vector.parameters, segment).set(wave(size, k).map((c) => middle + amplitude * c));
  });
  vector.bufferSegments.forEach((segment, k) => {
    const mean = segment.name.endsWith("mean");
    segmentOf(vector.buffers, segment).set(wave(segment.size, k).map((c) => (mean ? 0.2 * c : 1 + 0.5 * c)));
  });
}

/** Sequences of tokens, and for each place the token that comes next. */
const languageModel = (module: nn.Module, length: number): Model => ({
  module,
  inputs: (batch) => ({
    x: { shape: [batch, length], dtype: "int32" },
    labels: { shape: [batch, length], dtype: "int32" },
  }),
  measure: (context, { x, labels }) => ({ loss: nn.crossEntropy(module.forward(x!, context), labels!) }),
});

/** Pictures whose module answers with logits of their reconstruction. */
function autoencoder(module: nn.Module<Tensor, nn.VaeOutput>, features: number): Model {
  return {
    module: { ...module, forward: (x, context) => module.forward(x, context).logits },
    inputs: (batch) => ({ x: { shape: [batch, features], dtype: "float32" } }),
    measure: (context, { x }) => ({ loss: nn.evidenceLoss(module.forward(x!, context), x!) }),
  };
}

/** Fill an input of the batch. */
function put(program: TrainingProgram, name: string, values: ArrayLike<number>): void {
  (program.batch[name] as Float32Array | Int32Array).set(values);
}

const tiny = { vocabulary: 11, context: 6, layers: 2, heads: 2, width: 8 };
const classifiers: Readonly<Record<string, nn.Module>> = {
  "lenet5 with rectifiers, for 32 pixels": nn.lenet5({ size: 32, activation: "relu", pool: "max" }),
  net2c2d: nn.net2c2d(),
  net3c3d: nn.net3c3d(),
  "cifarResnet 20": nn.cifarResnet({ depth: 20 }),
  "cifarResnet 8 B, width 2": nn.cifarResnet({ depth: 8, shortcut: "B", width: 2 }),
  "cifarResnet 8 without shortcuts": nn.cifarResnet({ depth: 8, shortcut: "none" }),
  "resnet18 width 4": nn.resnet18({ width: 4, classes: 10 }),
  "resnet18 for CIFAR, width 4": nn.resnet18({ form: "cifar", width: 4 }),
  "wideResnet 10-2": nn.wideResnet({ depth: 10, width: 2 }),
  "vgg9 width 4": nn.vgg9({ width: 4 }),
  "vgg11 width 4": nn.vgg11({ width: 4, hidden: 12, classes: 10, dropout: 0 }),
};
const languageModels: Readonly<Record<string, nn.Module>> = {
  gpt: nn.gpt(tiny),
  "gpt with blocks computed again": nn.gpt({ ...tiny, checkpoint: true }),
  "gpt without bias, untied, tanh gelu": nn.gpt({
    ...tiny,
    bias: false,
    tied: false,
    activation: "geluTanh",
  }),
  "gpt with post-norm": nn.gpt({ ...tiny, norm: "post" }),
  "gpt with rmsNorm and squared rectifiers": nn.gpt({
    ...tiny,
    normalization: "rms",
    bias: false,
    activation: "reluSquared",
  }),
};

/** Loss and gradients of one step on the recorded batch. */
async function check(model: Model, recorded: Case, batch: Readonly<Record<string, ArrayLike<number>>>) {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  fill(vector);
  const program = await TrainingProgram.create({ model, vector, batchSize: recorded.shape[0]!, seed: 1 });
  for (const [name, values] of Object.entries(batch)) put(program, name, values);
  const loss = await program.run(0);
  await program.release();
  // float32 has 6e-8; networks of twenty layers over batches of three amplify it some thousand times
  expect(Math.abs(loss / recorded.loss - 1)).toBeLessThan(1e-4);
  for (const segment of vector.segments) {
    const [projection, norm] = recorded.gradients[segment.name]!;
    const found = segmentOf(vector.gradients, segment).reduce((sum, g, i) => sum + g * Math.cos(i), 0);
    expect(Math.abs(found - projection), segment.name).toBeLessThan(1e-3 * Math.max(norm, 1e-3));
  }
}

describe("the zoo on ONNX Runtime, against PyTorch", () => {
  for (const [name, module] of Object.entries(classifiers)) {
    test(`${name}: loss and gradients`, async () => {
      const { shape } = models[name]!;
      const size = shape.reduce((product, n) => product * n, 1);
      const labels = Array.from({ length: shape[0]! }, (_, i) => (3 * i) % 10);
      await check(classifier(module, shape.slice(1)), models[name]!, { x: wave(size, 0), labels });
    });
  }

  for (const [name, module] of Object.entries(languageModels)) {
    test(`${name}: loss and gradients`, async () => {
      const recorded = models[name] ?? models.gpt!;
      const tokens = recorded.tokens!;
      const labels = tokens.map((_, i) => (3 * i * i) % 11);
      await check(languageModel(module, recorded.shape[1]!), recorded, { x: tokens, labels });
    });
  }

  test("modularTransformer: loss and gradients", async () => {
    const module = nn.modularTransformer({ modulus: 7, layers: 2, width: 8, heads: 2, hidden: 12 });
    const recorded = models.modularTransformer!;
    const model: Model = {
      ...languageModel(module, 3),
      inputs: (batch) => ({
        x: { shape: [batch, 3], dtype: "int32" },
        labels: { shape: [batch], dtype: "int32" },
      }),
    };
    await check(model, recorded, { x: recorded.tokens!, labels: [0, 3, 6, 2] });
  });

  test("pinn: a loss of second derivatives, differentiated again", async () => {
    const module = nn.pinn({ hidden: [6, 5] });
    const recorded = models["pinn for Burgers' equation"]!;
    const points = (columns: number) => ({ shape: [5, columns], dtype: "float32" as const });
    const model: Model = {
      module,
      inputs: () => ({ known: points(2), values: points(1), collocation: points(2) }),
      measure: (context, { known, values, collocation }) => ({
        loss: nn.burgersLoss(
          module,
          { known: known!, values: values!, collocation: collocation! },
          context,
          0.1,
        ),
      }),
    };
    await check(model, recorded, { known: wave(10, 1), values: wave(5, 2), collocation: wave(10, 0) });
  });

  test("vae: draws another code at each step, and learns to describe one picture", async () => {
    const model = autoencoder(nn.vae({ features: 12, hidden: 7, latent: 3 }), 12);
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    vector.initialize(model.module, 1);
    const program = await TrainingProgram.create({
      model,
      vector,
      batchSize: 4,
      seed: 1,
    });
    put(
      program,
      "x",
      Array.from({ length: 48 }, (_, i) => Number((i % 12) % 3 === 0)),
    );
    const first = await program.run(0);
    expect(await program.run(1)).not.toBe(first);
    expect(await program.run(0)).toBe(first);
    let last = first;
    for (let step = 0; step < 200; step++) {
      last = await program.run(step);
      vector.gradients.forEach((g, i) => {
        vector.parameters[i]! -= 0.05 * g;
      });
    }
    await program.release();
    // twelve values, each as likely 0 as 1: 12 ln 2 = 8.3 nats; a decoder that knows the picture needs none
    expect(Math.abs(first - 12 * Math.LN2)).toBeLessThan(1);
    expect(last).toBeLessThan(1);
  });

  test("lstm: tells rising sequences from falling ones after some steps", async () => {
    const module = nn.network({ lstm: nn.lstm(1, 6), head: nn.linear(6, 2) }, (x: Tensor, { lstm, head }) =>
      head(reshape(lstm(x).hidden, [x.shape[0]!, 6])),
    );
    const vector = new ParameterVector(module, { stateSlots: 0 });
    vector.initialize(module, 1);
    const model = classifier(module, [5, 1]);
    const program = await TrainingProgram.create({ model, vector, batchSize: 8, seed: 1 });
    // example i begins at i / 8 and goes up, or down where i is odd
    const step = (i: number) => (i % 2 === 0 ? 0.25 : -0.25);
    put(
      program,
      "x",
      Array.from({ length: 40 }, (_, k) => Math.floor(k / 5) / 8 + (k % 5) * step(Math.floor(k / 5))),
    );
    put(program, "labels", [0, 1, 0, 1, 0, 1, 0, 1]);
    const first = await program.run(0);
    let last = first;
    for (let t = 0; t < 300; t++) {
      last = await program.run(t);
      vector.gradients.forEach((g, i) => {
        vector.parameters[i]! -= 0.5 * g;
      });
    }
    await program.release();
    expect(Math.abs(first - Math.LN2)).toBeLessThan(0.2);
    expect(last).toBeLessThan(0.05);
  });
});

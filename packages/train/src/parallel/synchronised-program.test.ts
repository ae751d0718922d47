/** Batch normalisation over two ranks, with the statistics of both: loss, gradient and running statistics of the whole batch. */
import { Batches, loadDataset } from "@thalweg/data";
import {
  batchNorm,
  conv2d,
  flatten,
  globalAveragePool,
  linear,
  type Module,
  relu,
  residual,
  sequential,
} from "@thalweg/nn";
import { describe, expect, test } from "vitest";
import { ParameterVector } from "../parameter-vector.ts";
import { type Batch, classifier, TrainingProgram } from "../program.ts";
import { alone, type Communicator } from "./communicator.ts";
import { PartedProgram } from "./parted-program.ts";
import { SynchronisedProgram } from "./synchronised-program.ts";
import { together } from "./testing/together.ts";

const digits = await loadDataset("digits");
const SEED = 3;

async function take(module: Module, batchSize: number, communicator: Communicator, synchronised: boolean) {
  const model = classifier(module, [1, 8, 8]);
  const vector = new ParameterVector(module, { stateSlots: 0 });
  vector.initialize(module, SEED);
  const parts = communicator.size;
  const options = { model, vector, batchSize: batchSize / parts, seed: SEED, parts };
  const program = synchronised
    ? await SynchronisedProgram.create({ ...options, communicator })
    : await TrainingProgram.create(options);
  const batches = new Batches(digits.train, { batchSize, seed: SEED, normalization: digits, parts });
  const fill = (step: number, { x, labels }: Batch, part: number) =>
    batches.fill(step, x as Float32Array, labels as Int32Array, part);
  const parted = new PartedProgram({ program, vector, communicator, fill });
  const losses = [await parted.run(0), await parted.run(1)];
  await program.release();
  return { losses, gradients: vector.gradients.slice(), buffers: vector.buffers.slice() };
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!)) / Math.hypot(...b);
}

describe("SynchronisedProgram", () => {
  const perceptron = sequential(flatten(), linear(64, 16), batchNorm(16), relu(), linear(16, 10));
  const convolutional = (channels: number) =>
    sequential(
      conv2d(1, channels, 3, { padding: 1, bias: false }),
      batchNorm(channels),
      relu(),
      residual(sequential(conv2d(channels, channels, 3, { padding: 1 }), batchNorm(channels), relu())),
      batchNorm(channels),
      globalAveragePool(),
      flatten(),
      linear(channels, 10),
    );

  test.each([
    ["a perceptron", 2, 24, perceptron],
    ["a residual convolutional network", 2, 24, convolutional(8)],
    ["a residual convolutional network", 3, 24, convolutional(8)],
    // each part as many images and channels as the machine's kernels take at once
    ["a wider one", 2, 32, convolutional(16)],
  ])("gives what one process gives, for %s on %i ranks", async (_, ranks, batchSize, module) => {
    const whole = await take(module, batchSize, alone, false);
    const all = await Promise.all(together(ranks).map((one) => take(module, batchSize, one, true)));
    for (const { losses, gradients, buffers } of all) {
      for (const [i, loss] of losses.entries())
        expect(Math.abs(loss / whole.losses[i]! - 1)).toBeLessThan(1e-6);
      expect(distance(gradients, whole.gradients)).toBeLessThan(1e-5);
      expect(distance(buffers, whole.buffers)).toBeLessThan(1e-6);
    }
    // statistics of each part alone give another gradient
    const apart = await Promise.all(together(ranks).map((one) => take(module, batchSize, one, false)));
    expect(distance(apart[0]!.gradients, whole.gradients)).toBeGreaterThan(1e-2);
  });
});

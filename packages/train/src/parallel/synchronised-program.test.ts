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
const BATCH = 24;
const SEED = 3;

async function take(module: Module, communicator: Communicator, synchronised: boolean) {
  const model = classifier(module, [1, 8, 8]);
  const vector = new ParameterVector(module, { stateSlots: 0 });
  vector.initialize(module, SEED);
  const parts = communicator.size;
  const options = { model, vector, batchSize: BATCH / parts, seed: SEED, parts };
  const program = synchronised
    ? await SynchronisedProgram.create({ ...options, communicator })
    : await TrainingProgram.create(options);
  const batches = new Batches(digits.train, { batchSize: BATCH, seed: SEED, normalization: digits, parts });
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
  const branch = sequential(conv2d(8, 8, 3, { padding: 1 }), batchNorm(8), relu());
  const convolutional = sequential(
    conv2d(1, 8, 3, { padding: 1, bias: false }),
    batchNorm(8),
    relu(),
    residual(branch),
    batchNorm(8),
    globalAveragePool(),
    flatten(),
    linear(8, 10),
  );

  test.each([
    ["a perceptron", 2, perceptron],
    ["a residual convolutional network", 2, convolutional],
    ["a residual convolutional network", 3, convolutional],
  ])("gives what one process gives, for %s on %i ranks", async (_, ranks, module) => {
    const whole = await take(module, alone, false);
    const all = await Promise.all(together(ranks).map((one) => take(module, one, true)));
    for (const { losses, gradients, buffers } of all) {
      for (const [i, loss] of losses.entries())
        expect(Math.abs(loss / whole.losses[i]! - 1)).toBeLessThan(1e-6);
      expect(distance(gradients, whole.gradients)).toBeLessThan(1e-5);
      expect(distance(buffers, whole.buffers)).toBeLessThan(1e-6);
    }
    // statistics of each part alone give another gradient
    const apart = await Promise.all(together(ranks).map((one) => take(module, one, false)));
    expect(distance(apart[0]!.gradients, whole.gradients)).toBeGreaterThan(1e-2);
  });
});

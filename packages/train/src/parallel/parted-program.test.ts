/** The gradient of a batch, in one piece and in parts: over ranks, one after the other, and both. */
import { Batches, loadDataset } from "@thalweg/data";
import { batchNorm, dropout, flatten, linear, type Module, relu, sequential } from "@thalweg/nn";
import { describe, expect, test } from "vitest";
import { ParameterVector } from "../parameter-vector.ts";
import { type Batch, classifier, TrainingProgram } from "../program.ts";
import { alone, type Communicator } from "./communicator.ts";
import { PartedProgram } from "./parted-program.ts";
import { together } from "./testing/together.ts";

const digits = await loadDataset("digits");
const SHAPE = [1, 8, 8];
const BATCH = 24;
const SEED = 3;

interface Taken {
  loss: number;
  gradients: Float32Array;
  buffers: Float32Array;
}

/** Loss, gradient and buffers of step 5. */
async function take(module: Module, communicator: Communicator, accumulate: number): Promise<Taken> {
  const model = classifier(module, SHAPE);
  const vector = new ParameterVector(module, { stateSlots: 0 });
  vector.initialize(module, SEED);
  const parts = communicator.size * accumulate;
  const batchSize = BATCH / parts;
  const program = await TrainingProgram.create({ model, vector, batchSize, seed: SEED, parts });
  const batches = new Batches(digits.train, { batchSize: BATCH, seed: SEED, normalization: digits, parts });
  const fill = (step: number, { x, labels }: Batch, part: number) =>
    batches.fill(step, x as Float32Array, labels as Int32Array, part);
  const parted = new PartedProgram({ program, vector, communicator, accumulate, fill });
  const loss = await parted.run(5);
  await program.release();
  return { loss, gradients: vector.gradients.slice(), buffers: vector.buffers.slice() };
}

const onRanks = (module: Module, ranks: number, accumulate = 1) =>
  Promise.all(together(ranks).map((one) => take(module, one, accumulate)));

/** ‖a − b‖ / ‖b‖ */
function distance(a: Float32Array, b: Float32Array): number {
  const norm = (values: Iterable<number>) => Math.hypot(...values);
  return norm(a.map((value, i) => value - b[i]!)) / norm(b);
}

describe("PartedProgram", () => {
  const module = sequential(flatten(), linear(64, 20), relu(), dropout(0.3), linear(20, 10));

  test.each([
    [2, 1],
    [4, 1],
    [1, 3],
    [2, 3],
    [3, 8],
  ])("gives the gradient of the whole batch on %i ranks with %i parts each, dropout included", async (ranks, accumulate) => {
    const whole = await take(module, alone, 1);
    const parted = await onRanks(module, ranks, accumulate);
    for (const one of parted) {
      expect(Math.abs(one.loss / whole.loss - 1)).toBeLessThan(1e-6);
      expect(distance(one.gradients, whole.gradients)).toBeLessThan(1e-6); // some ulp, from another order of adding
      expect(one.gradients).toEqual(parted[0]!.gradients);
    }
  });

  test("averages running statistics over the ranks, of which each normalises by its own part", async () => {
    const normalised = sequential(flatten(), batchNorm(64));
    const [first, second] = await onRanks(normalised, 2);
    const whole = await take(normalised, alone, 1);
    expect(first!.buffers).toEqual(second!.buffers);
    // the mean of the halves' means is the mean of the whole; of the variances that is not so
    expect(distance(first!.buffers.subarray(0, 64), whole.buffers.subarray(0, 64))).toBeLessThan(1e-6);
    expect(distance(first!.buffers.subarray(64), whole.buffers.subarray(64))).toBeGreaterThan(1e-4);
  });

  test("refuses noise that does not grow with the batch in its first dimension", async () => {
    const sideways: Module = {
      ...linear(64, 10),
      forward: (x, context) => {
        const [rows = 1] = x.shape;
        context.noise("noise", [2, rows]);
        return linear(64, 10).forward(x, context);
      },
    };
    const made = take(sequential(flatten(), sideways), together(2)[0]!, 1);
    await expect(made).rejects.toThrow(
      "Cannot train on parts of batches as noise must grow with the batch in its first dimension, or not at all: 1.noise has shape [2,12] for 12 examples and [2,24] for 24",
    );
  });
});

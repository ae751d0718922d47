/** Both ways against Hessians by hand, and against each other where the loss is smooth. */
import { tanh } from "@thalweg/graph";
import { batchNorm, dropout, lambda, linear, meanSquaredError, relu, sequential } from "@thalweg/nn";
import { stream } from "@thalweg/random";
import { afterEach, describe, expect, test } from "vitest";
import { HessianProgram, hessianByDifferences } from "./hessian-product.ts";
import { ParameterVector } from "./parameter-vector.ts";
import { classifier, type Model, TrainingProgram } from "./program.ts";

const open: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const program of open.splice(0)) await program.release();
});

async function programs(model: Model, batchSize: number) {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, 1);
  const options = { model, vector, batchSize, seed: 5 };
  const training = await TrainingProgram.create(options);
  const exact = await HessianProgram.create({ ...options, batch: training.batch });
  open.push(training, exact);
  return { vector, training, exact };
}

function fill({ batch }: TrainingProgram): void {
  stream(3, "test").fillNormal(batch.x as Float32Array, 0, 1);
  (batch.labels as Int32Array).forEach((_, i, labels) => {
    labels[i] = (i * 7) % 10;
  });
}

const norm = (values: Float32Array) => Math.hypot(...values);
const distance = (a: Float32Array, b: Float32Array) => norm(a.map((value, i) => value - b[i]!));

/** y = w·x without a bias, whose mean squared error has the Hessian (2/B) Σ x xᵀ. */
const regression: Model = {
  module: linear(2, 1, { bias: false }),
  inputs: (B) => ({ x: { shape: [B, 2], dtype: "float32" }, y: { shape: [B, 1], dtype: "float32" } }),
  measure: (context, { x, y }) => ({
    loss: meanSquaredError(regression.module.forward(x!, context), y!),
  }),
};

describe("products with the Hessian", () => {
  test("by hand: a regression on (1, 2) and (3, −1) has H = [[10, −1], [−1, 5]]", async () => {
    const { vector, training, exact } = await programs(regression, 2);
    (training.batch.x as Float32Array).set([1, 2, 3, -1]);
    exact.direction.set([1, 10]);
    expect(Array.from(await exact.run(0))).toEqual([10 - 10, -1 + 50]);
    const close = await hessianByDifferences(training, vector, [1, 10]);
    expect(close[0]).toBeCloseTo(0, 3);
    expect(close[1]).toBeCloseTo(49, 3);
  });

  test("differences agree with the second reverse pass on a smooth network, under one noise", async () => {
    const bend = () => lambda((x) => tanh(x));
    const module = sequential(linear(8, 16), bend(), dropout(0.3), linear(16, 12), bend(), linear(12, 10));
    const { vector, training, exact } = await programs(classifier(module, [8]), 32);
    fill(training);
    stream(4, "test").fillNormal(exact.direction, 0, 1);
    const product = await exact.run(7);
    const close = await hessianByDifferences(training, vector, exact.direction, 7);
    expect(norm(product)).toBeGreaterThan(0.1);
    expect(distance(close, product) / norm(product)).toBeLessThan(3e-4); // 3e-5 and room for another machine's sums
    const otherNoise = await hessianByDifferences(training, vector, exact.direction, 8);
    expect(distance(otherNoise, product) / norm(product)).toBeGreaterThan(0.1);
  });
});

describe("hessianByDifferences()", () => {
  test("leaves parameters, gradient and buffers as they were", async () => {
    const module = sequential(linear(4, 6), batchNorm(6), relu(), linear(6, 10));
    const { vector, training } = await programs(classifier(module, [4]), 16);
    fill(training);
    await training.run(0);
    const before = [vector.parameters, vector.gradients, vector.buffers].map((values) => values.slice());
    await hessianByDifferences(training, vector, vector.gradients.slice());
    expect([vector.parameters, vector.gradients, vector.buffers]).toEqual(before);
  });

  test("refuses a vector of another length, and gives zeros for one of zeros", async () => {
    const { vector, training } = await programs(regression, 2);
    await expect(hessianByDifferences(training, vector, [1])).rejects.toThrow(
      "one number for each of 2 parameters: found 1",
    );
    expect(Array.from(await hessianByDifferences(training, vector, [0, 0]))).toEqual([0, 0]);
  });
});

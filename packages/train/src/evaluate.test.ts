import type { Split } from "@thalweg/data";
import { reduceSum } from "@thalweg/graph";
import { identity, type Module, meanSquaredError, normalNoise } from "@thalweg/nn";
import { describe, expect, test } from "vitest";
import { Evaluator } from "./evaluate.ts";
import { ParameterVector } from "./parameter-vector.ts";
import type { Model } from "./program.ts";

/** Five rows of two numbers, with labels that are off by 1, 2, …, 5. */
const split: Split = {
  images: Float32Array.from({ length: 10 }, (_, i) => i),
  labels: Float32Array.from({ length: 10 }, (_, i) => i + Math.floor(i / 2) + 1),
  count: 5,
  shape: [2],
  labelShape: [2],
};
const inputs: Model["inputs"] = (batchSize) => ({
  x: { shape: [batchSize, 2], dtype: "float32" },
  labels: { shape: [batchSize, 2], dtype: "float32" },
});
const module: Module = {
  ...identity(),
  parameters: [{ name: "unused", shape: [1], initialize: (out) => out.fill(0), kind: "weight" }],
};
const evaluator = (model: Model, of: Split = split) =>
  Evaluator.create({
    model,
    vector: new ParameterVector(model.module, { stateSlots: 0 }),
    split: of,
    batchSize: 2, // the last batch has one row
    normalization: { maximum: 1, mean: 0, std: 1 },
  });

describe("Evaluator", () => {
  const model: Model = {
    module,
    inputs,
    measure: (_, { x, labels }) => ({
      loss: meanSquaredError(x!, labels!),
      counts: { sum: reduceSum(x!) },
    }),
    summarize: ({ loss }) => ({ rmse: Math.sqrt(loss!) }),
  };

  test("means over the split, and makes of the means what the model says", async () => {
    const measured = await (await evaluator(model)).run();
    // (1 + 4 + 9 + 16 + 25) / 5, and 45 over 5 rows
    expect(measured).toEqual({ loss: 11, sum: 9, rmse: Math.sqrt(11) });
  });

  test("tells how far the loss is above the lowest, where the split knows it", async () => {
    const { excess } = await (await evaluator(model, { ...split, lowestLoss: 4 })).run();
    expect(excess).toBe(7);
  });

  test("gives a model that draws the same numbers at each evaluation", async () => {
    const drawing: Model = {
      module,
      inputs,
      measure: (context, { x }) => ({ loss: meanSquaredError(x!, normalNoise(context, "noise", x!.shape)) }),
    };
    const one = await evaluator(drawing);
    const first = await one.run();
    expect(await one.run()).toEqual(first);
    expect(await (await evaluator(drawing)).run()).toEqual(first);
    const still = await (
      await evaluator({ ...drawing, measure: (_, { x }) => ({ loss: meanSquaredError(x!, x!) }) })
    ).run();
    expect(still.loss).toBe(0);
    expect(first.loss).toBeGreaterThan(20); // the mean square of 0 … 9 is 28.5
  });
});

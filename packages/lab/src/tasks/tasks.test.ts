import { countParameters, tracing } from "@thalweg/nn";
import { ParameterVector } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { tasks } from "./index.ts";

describe("tasks", () => {
  test.each([
    // 28·28·10 + 10
    ["mnist-logistic", 7_850],
    // 9·8 + 8, 8·9·16 + 16, 16·7·7·10 + 10
    ["mnist-cnn", 80 + 1_168 + 7_850],
    // 784·128 + 128, 128·64 + 64, 64·10 + 10
    ["mnist-mlp", 109_386],
  ])("%s has %i parameters, and without biases only matrices", (name, count) => {
    const shape = [1, 28, 28] as const;
    const { module } = tasks[name]!.model(shape, 10);
    expect(new ParameterVector(module, { stateSlots: 0 }).size).toBe(count);
    const bare = tasks[name]!.model(shape, 10, { bias: false }).module;
    expect(bare.parameters.every((parameter) => parameter.shape.length > 1)).toBe(true);
    const context = tracing(bare, { training: false });
    const logits = bare.forward(context.graph.input("x", [3, ...shape]), context);
    expect(logits.shape).toEqual([3, 10]);
  });

  test.each(
    Object.entries(tasks),
  )("%s is listed under its own name and is evaluated at equal distances", (name, task) => {
    expect(task.name).toBe(name);
    expect(task.steps % task.evaluateEvery).toBe(0);
  });

  test("a task that can fall back has one that needs no network", () => {
    for (const { fallback } of Object.values(tasks)) {
      if (fallback !== undefined) expect(tasks[fallback]!.dataset).toBe("digits");
    }
  });

  // the benchmark's table, and layer by layer: weights + biases
  test.each([
    ["quad-deep", [100], 100],
    ["logreg-digits", [1, 8, 8], 650],
    ["deep-linear", [32], 3 * 32 * 32],
    ["spiral-mlp", [2], 96 + 1_056 + 33],
    ["digits-scaled-mlp", [1, 8, 8], 2_080 + 1_056 + 330],
    ["mnist14-mlp", [1, 14, 14], 12_608 + 650],
    ["mnist14-vae", [1, 14, 14], 12_608 + 2 * 520 + 576 + 12_740],
    ["fmnist14-cnn", [1, 14, 14], 80 + 1_168 + 1_450],
    // embedding, GRU's three gates with two biases each, linear
    ["hmm-gru", [32], 1_024 + 3 * 64 * (32 + 64 + 2) + 2_080],
    // tokens and places, two blocks of 12d² + 13d, the last norm
    ["tiny-gpt", [32], 2 * 1_024 + 2 * (12 * 1_024 + 13 * 32) + 64],
    ["pinn-poisson", [2], 60 + 420 + 21],
    ["matrix-factorization", [2], 2 * 128 * 8],
  ])("%s has as many parameters as the benchmark says", (name, shape, count) => {
    const classes = name.startsWith("hmm") || name.startsWith("tiny") ? 32 : 10;
    expect(countParameters(tasks[name]!.model(shape, classes).module)).toBe(count);
  });
});

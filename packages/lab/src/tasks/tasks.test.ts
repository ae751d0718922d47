import { tracing } from "@thalweg/nn";
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
});

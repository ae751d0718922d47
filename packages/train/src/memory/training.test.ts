/** Training with activations computed again: losses, gradients and running statistics on ONNX Runtime are the same numbers. */
import { cifarResnet, crossEntropy, gpt, linear, relu, sequential } from "@thalweg/nn";
import { describe, expect, test } from "vitest";
import { ParameterVector } from "../parameter-vector.ts";
import { classifier, type Model, TrainingProgram } from "../program.ts";

/** A GPT with dropout, whose noise must be the same the second time. */
function tokens(): Model {
  const module = gpt({ vocabulary: 11, context: 6, layers: 3, heads: 2, width: 8, dropout: 0.2 });
  return {
    module,
    inputs: (batch) => ({
      x: { shape: [batch, 6], dtype: "int32" },
      labels: { shape: [batch, 6], dtype: "int32" },
    }),
    measure: (context, { x, labels }) => ({ loss: crossEntropy(module.forward(x!, context), labels!) }),
  };
}

const images = () => classifier(cifarResnet({ depth: 8 }), [3, 8, 8]);

/** Two steps of gradient descent: what is computed, and where the running statistics are. */
async function train(model: Model) {
  const vector = new ParameterVector(model.module, { stateSlots: 0 });
  vector.initialize(model.module, 1);
  const program = await TrainingProgram.create({ model, vector, batchSize: 4, seed: 1 });
  for (const values of Object.values(program.batch)) {
    for (let i = 0; i < values.length; i++) values[i] = values instanceof Float32Array ? Math.sin(i) : i % 10;
  }
  const losses: number[] = [];
  for (let step = 0; step < 2; step++) {
    losses.push(await program.run(step));
    vector.gradients.forEach((g, i) => {
      vector.parameters[i]! -= 0.1 * g;
    });
  }
  await program.release();
  return { losses, gradients: vector.gradients, buffers: vector.buffers };
}

describe("a model with a checkpoint", () => {
  test.each([
    ["blocks", "gpt", tokens],
    ["attention", "gpt", tokens],
    ["blocks", "cifarResnet", images],
  ] as const)("%s of %s: the same losses, gradients and buffers", async (checkpoint, _, build) => {
    const [kept, again] = [await train(build()), await train({ ...build(), checkpoint })];
    expect(again).toEqual(kept);
    expect(kept.losses[0]).not.toBe(kept.losses[1]);
  });

  test("is refused where there is no attention", async () => {
    const model: Model = {
      ...classifier(sequential(linear(4, 8), relu(), linear(8, 3)), [4]),
      checkpoint: "attention",
    };
    const vector = new ParameterVector(model.module, { stateSlots: 0 });
    await expect(TrainingProgram.create({ model, vector, batchSize: 2, seed: 1 })).rejects.toThrow(
      "Cannot compute attention again as the network must have some, a softmax between two products",
    );
  });
});

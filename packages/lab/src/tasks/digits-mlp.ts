/** The small digits that ship with the package, for machines that cannot fetch MNIST: 8×8 grey, 1 797 in all. */
import { sizeOf } from "@thalweg/graph";
import { flatten, linear, relu, sequential } from "@thalweg/nn";
import { classifier } from "@thalweg/train";
import { accuracy, type Task } from "./task.ts";

export const digitsMlp: Task = {
  name: "digits-mlp",
  description: "Handwritten digits, 8×8 grey (UCI): the small set that ships with Thalweg",
  dataset: "digits",
  architecture: "MLP 64-64-32-10, ReLU",
  model: (shape, classes, options) =>
    classifier(
      sequential(
        flatten(),
        linear(sizeOf(shape), 64, options),
        relu(),
        linear(64, 32, options),
        relu(),
        linear(32, classes, options),
      ),
      shape,
    ),
  batchSize: 32,
  steps: 600,
  evaluateEvery: 100,
  validation: 200,
  metric: accuracy(0.93),
  evaluationBatch: 500,
};

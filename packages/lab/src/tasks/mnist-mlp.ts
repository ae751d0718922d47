/** MNIST by a small multilayer perceptron: two epochs, about half a second on one core. */
import { sizeOf } from "@thalweg/graph";
import { flatten, linear, relu, sequential } from "@thalweg/nn";
import { classifier } from "@thalweg/train";
import { accuracy, type Task } from "./task.ts";

export const mnistMlp: Task = {
  name: "mnist-mlp",
  description: "Handwritten digits, 28×28 grey: 55 000 to train, 5 000 to tune, 10 000 to test",
  dataset: "mnist",
  fallback: "digits-mlp",
  architecture: "MLP 784-128-64-10, ReLU",
  model: (shape, classes, options) =>
    classifier(
      sequential(
        flatten(),
        linear(sizeOf(shape), 128, options),
        relu(),
        linear(128, 64, options),
        relu(),
        linear(64, classes, options),
      ),
      shape,
    ),
  batchSize: 128,
  steps: 858, // two epochs of ⌊55 000 / 128⌋ batches
  evaluateEvery: 143,
  validation: 5_000,
  metric: accuracy(0.97),
  evaluationBatch: 1_000,
};

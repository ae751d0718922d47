/** Small MNIST by a perceptron, with one in ten training labels wrong: what is learnt by heart does harm. */
import { sizeOf } from "@thalweg/graph";
import { mlp } from "@thalweg/nn";
import { classifier } from "@thalweg/train";
import { accuracy, type Task } from "./task.ts";

export const mnist14Mlp: Task = {
  name: "mnist14-mlp",
  description: "Handwritten digits, 14×14 grey, one in ten training labels wrong",
  dataset: "mnist14-noisy",
  architecture: "MLP 196-64-10, ReLU",
  model: (shape, classes, { bias = true } = {}) =>
    classifier(mlp({ sizes: [sizeOf(shape), 64, classes], bias }), shape),
  batchSize: 64,
  steps: 940, // ten epochs of ⌊6000 / 64⌋ batches, and ten steps
  evaluateEvery: 47,
  validation: 0,
  metric: accuracy(0.905),
  evaluationBatch: 1000,
};

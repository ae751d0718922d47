/** Small Fashion-MNIST by two small convolutions: mnist-cnn's network on articles of clothing. */
import { mnistCnn } from "./mnist-cnn.ts";
import { accuracy, type Task } from "./task.ts";

export const fmnist14Cnn: Task = {
  name: "fmnist14-cnn",
  description: "Articles of clothing, 14×14 grey, by two convolutions",
  dataset: "fmnist14",
  architecture: "conv 3×3×8, pool, conv 3×3×16, pool, linear 144-10, ReLU",
  model: mnistCnn.model,
  batchSize: 64,
  steps: 600, // six epochs of ⌊6000 / 64⌋ batches, and 42 steps
  evaluateEvery: 30,
  validation: 0,
  metric: accuracy(0.84),
  evaluationBatch: 1000,
};

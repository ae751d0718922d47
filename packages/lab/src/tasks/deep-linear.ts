/**
 * Three matrices in a row learn what one does, from inputs of condition 10⁴. The loss is not convex, its curvature ranges over eight
 * orders of magnitude, and 0 can be reached.
 * Source: Saxe, McClelland & Ganguli, arXiv:1312.6120 (dynamics of deep linear networks).
 */
import { linear, sequential } from "@thalweg/nn";
import { supervised } from "@thalweg/train";
import { loss, type Task } from "./task.ts";

const SIZE = 32;

export const deepLinear: Task = {
  name: "deep-linear",
  description: "A deep linear network learns a linear teacher from inputs of condition 10⁴",
  dataset: "deep-linear",
  architecture: "linear 32-32-32-32, no biases",
  model: (shape) => {
    const layer = () => linear(SIZE, SIZE, { bias: false });
    return supervised(sequential(layer(), layer(), layer()), {
      example: { shape, dtype: "float32" },
      labelShape: [SIZE],
      labels: "values",
    });
  },
  batchSize: 256,
  steps: 1000, // 62 epochs of 4096 / 256 batches
  evaluateEvery: 50,
  validation: 0,
  metric: loss("mean square", { floor: 0, target: 1e-4 }),
  evaluationBatch: 1024,
};

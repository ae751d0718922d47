/** The small digits with pixels whose scales differ by a factor of up to a thousand: what a rule makes of badly scaled inputs. */
import { sizeOf } from "@thalweg/graph";
import { mlp } from "@thalweg/nn";
import { classifier } from "@thalweg/train";
import { accuracy, type Task } from "./task.ts";

export const digitsScaledMlp: Task = {
  name: "digits-scaled-mlp",
  description: "8×8 digits with pixels of very different scales",
  dataset: "digits-scaled",
  architecture: "MLP 64-32-32-10, ReLU",
  model: (shape, classes, { bias = true } = {}) =>
    classifier(mlp({ sizes: [sizeOf(shape), 32, 32, classes], bias }), shape),
  batchSize: 64,
  steps: 1800, // 94 epochs of ⌊1237 / 64⌋ batches
  evaluateEvery: 90,
  validation: 200,
  metric: accuracy(0.88),
  evaluationBatch: 500,
};

/** TensorFlow Playground's spiral by a small tanh network with one output: the class is the sign of its logit. */
import { cast, equal, greater, less, reduceSum, reshape, sigmoid, type Tensor } from "@thalweg/graph";
import { binaryCrossEntropy, type Module, mlp } from "@thalweg/nn";
import type { Model } from "@thalweg/train";
import { loss, type Task } from "./task.ts";

export const spiralMlp: Task = {
  name: "spiral-mlp",
  description: "Two arms of a spiral in the plane, with noise",
  dataset: "spiral",
  architecture: "MLP 2-32-32-1, tanh",
  model: (shape, _, { bias = true } = {}) =>
    binaryClassifier(mlp({ sizes: [2, 32, 32, 1], activation: "tanh", bias }), shape),
  batchSize: 32,
  steps: 3000, // 97 epochs of ⌊1000 / 32⌋ batches
  evaluateEvery: 150,
  validation: 0,
  metric: loss("nat", { floor: 0, target: 0.05 }),
  evaluationBatch: 500,
};

/** x [B, …shape] → one logit each [B, 1]; labels 0 and 1. Cross-entropy in nats, and accuracy. */
export function binaryClassifier(module: Module, shape: readonly number[]): Model {
  const asTarget = (labels: Tensor) => reshape(cast(labels, "float32"), [labels.size, 1]);
  return {
    module,
    inputs: (batchSize) => ({
      x: { shape: [batchSize, ...shape], dtype: "float32" },
      labels: { shape: [batchSize], dtype: "int32" },
    }),
    measure: (context, { x, labels }) => {
      const logits = module.forward(x!, context);
      const target = asTarget(labels!);
      const right = cast(equal(cast(greater(logits, 0), "float32"), target), "float32");
      return {
        loss: binaryCrossEntropy(logits, target),
        outputs: [logits],
        counts: { accuracy: reduceSum(right) },
      };
    },
    sampledLoss: (context, { x }, uniform) => {
      const logits = module.forward(x!, context);
      return binaryCrossEntropy(logits, cast(less(uniform(logits.shape), sigmoid(logits)), "float32"));
    },
  };
}

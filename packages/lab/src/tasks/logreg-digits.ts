/** Softmax regression on the small digits with weight decay: strictly convex, so that there is one answer, and it is known. */
import { sizeOf } from "@thalweg/graph";
import { flatten, initializers, linear, sequential } from "@thalweg/nn";
import { classifier } from "@thalweg/train";
import { penalized } from "./penalty.ts";
import { loss, type Task } from "./task.ts";

const DECAY = 1e-3;

/** Test loss where the training loss is least, by scipy's Newton method: see fixtures/tasks.make.py. A run that stops early may pass it. */
const FLOOR = 0.35896480954634746;

export const logregDigits: Task = {
  name: "logreg-digits",
  description: "Softmax regression on 8×8 digits with weight decay 0.001: strictly convex",
  dataset: "digits",
  architecture: "linear 64-10, softmax, L2 0.001",
  model: (shape, classes, { bias = true } = {}) =>
    penalized(
      classifier(
        sequential(
          flatten(),
          linear(sizeOf(shape), classes, { weight: initializers.zeros, bias: bias && initializers.zeros }),
        ),
        shape,
      ),
      DECAY,
    ),
  batchSize: 64,
  steps: 900, // 47 epochs of ⌊1237 / 64⌋ batches
  evaluateEvery: 45,
  validation: 200,
  metric: loss("nat", { floor: FLOOR, target: 0.38 }),
  evaluationBatch: 500,
};

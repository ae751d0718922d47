/**
 * The trivial member of the family. Stochastic, minibatch and full-batch descent (gd) are this one update: they differ in
 * the data behind g, which is the batches' affair.
 */
import { rule } from "../../rule.ts";

export const sgd = rule({
  name: "sgd",
  summary: "Step against the gradient.",
  hyper: { lr: 1e-2 },
  update: "theta = theta - lr * g",
  source: "Robbins & Monro 1951; torch.optim.SGD with momentum 0",
});

/** L2 regularisation: the gradient of λ/2 ‖θ‖² joins the gradient, and passes through momentum and scaling with it. */
import { gradientTransform, type Link, withHyper } from "../rule.ts";

const declared = gradientTransform({
  name: "addDecayedWeights",
  summary: "Add weightDecay times the parameter to the gradient (L2 in the loss).",
  hyper: { weightDecay: 1e-4 },
  update: "g = g + weightDecay * theta",
  source: "torch.optim's weight_decay in SGD, Adam, Adagrad and RMSprop",
});

export const addDecayedWeights = (hyper: { weightDecay?: number } = {}): Link => withHyper(declared, hyper);

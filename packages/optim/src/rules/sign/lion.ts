/** Found by program search: only the sign of an interpolated momentum moves the parameters. One state slot. */
import { rule } from "../../rule.ts";

export const lion = rule({
  name: "lion",
  summary: "Step by the sign of an average of momentum and gradient; half of Adam's state.",
  hyper: { lr: 1e-4, beta1: 0.9, beta2: 0.99, weightDecay: 0 },
  state: ["m"],
  update: `
    theta = theta * (1 - lr * weightDecay)
    theta = theta - lr * sign(beta1 * m + (1 - beta1) * g)
    m = beta2 * m + (1 - beta2) * g`,
  source: "Chen et al., arXiv:2302.06675, Algorithm 2; google/automl/lion",
});

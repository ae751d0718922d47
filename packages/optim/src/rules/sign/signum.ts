/** The sign of momentum. The average may as well be a sum, as signs do not see a factor. */
import { rule } from "../../rule.ts";

export const signum = rule({
  name: "signum",
  summary: "Step by the sign of a running average of gradients.",
  hyper: { lr: 1e-4, momentum: 0.9, weightDecay: 0 },
  state: ["m"],
  update: `
    theta = theta * (1 - lr * weightDecay)
    m = momentum * m + (1 - momentum) * g
    theta = theta - lr * sign(m)`,
  source: "Bernstein et al., arXiv:1802.04434, Algorithm 2",
});

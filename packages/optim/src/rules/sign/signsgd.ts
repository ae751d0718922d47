/** Every coordinate steps by lr against the sign of its gradient: one bit per coordinate, which is cheap to communicate. */
import { rule } from "../../rule.ts";

export const signsgd = rule({
  name: "signsgd",
  summary: "Step by the sign of the gradient.",
  hyper: { lr: 1e-4, weightDecay: 0 },
  update: `
    theta = theta * (1 - lr * weightDecay)
    theta = theta - lr * sign(g)`,
  source: "Bernstein et al., arXiv:1802.04434, Algorithm 1",
});

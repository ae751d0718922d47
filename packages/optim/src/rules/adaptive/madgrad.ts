/**
 * Dual averaging: the parameters are the start z₀ minus the sum of all gradients over the cube root of the sum of their
 * squares, approached by momentum. Weights grow as √t, so that later gradients count more. State: three slots, one of
 * which is the start. The authors' code adds ε to the learning rate, too.
 */
import { rule } from "../../rule.ts";

export const madgrad = rule({
  name: "madgrad",
  summary: "Start minus the weighted sum of gradients over the cube root of their summed squares.",
  hyper: { lr: 1e-2, momentum: 0.9, eps: 1e-6 },
  state: { z0: { initial: "theta" }, s: {}, v: {} },
  update: `
    lambda = (lr + eps) * sqrt(t)
    s = s + lambda * g
    v = v + lambda * g^2
    z = z0 - s / (v^(1 / 3) + eps)
    theta = theta + (1 - momentum) * (z - theta)`,
  source: "Defazio & Jelassi, arXiv:2101.11075, Algorithm 1; facebookresearch/madgrad",
});

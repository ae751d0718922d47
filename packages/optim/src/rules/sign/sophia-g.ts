/**
 * Momentum over an estimate of the Hessian's diagonal, clipped so that no coordinate moves more than lr: where curvature is
 * unknown or negative it is signum.
 *
 * The estimate (Gauss-Newton-Bartlett) is batchSize times the squared gradient of the mean loss on labels that are drawn
 * from the model's own predictions. It is refreshed in steps 1, 11, 21, …, each at the price of one more gradient.
 */
import { rule } from "../../rule.ts";

export const sophiaG = rule({
  name: "sophia-g",
  summary: "Step along momentum over a diagonal Hessian estimate, no coordinate further than lr.",
  hyper: { lr: 1e-4, beta1: 0.965, beta2: 0.99, rho: 0.04, batchSize: 5120, weightDecay: 0.1 },
  state: ["m", "h"],
  before: [{ update: "h = beta2 * h + (1 - beta2) * g^2", gradient: "sampled-labels", every: 10 }],
  update: `
    theta = theta * (1 - lr * weightDecay)
    m = beta1 * m + (1 - beta1) * g
    theta = theta - lr * sign(m) * min(abs(m) / (rho * batchSize * h + 1e-15), 1)`,
  source: "Liu et al., arXiv:2305.14342, Algorithms 2 and 3; Liuhong99/Sophia, SophiaG",
});

/**
 * Stochastic variance-reduced gradient. Every m steps the full gradient μ is taken at an anchor w̃; each step then corrects
 * the batch's gradient at w by the same batch's gradient at w̃, so that the noise the two share drops out:
 *
 *   w ← w - η (∇f_B(w) - ∇f_B(w̃) + μ)
 *
 * A step costs two gradients of the batch, and every m-th step one of all data. The batch's gradient at w comes first, so
 * that the loss which the training loop sees is that of w; its part of the update waits in y while theta is the anchor.
 */
import { type Rule, rule } from "../../rule.ts";

export function svrgWith({ every = 100 } = {}): Rule {
  return rule({
    name: "svrg",
    summary: "Gradient descent that cancels a batch's noise by what the batch says at an anchor.",
    hyper: { lr: 1e-2 },
    state: { anchor: {}, mu: {}, y: {} },
    before: [
      { update: "anchor = theta\nmu = g", gradient: "full", every },
      { update: "y = theta - lr * (g + mu)\ntheta = anchor" },
    ],
    update: "theta = y + lr * g",
    source:
      "Johnson & Zhang 2013, Accelerating Stochastic Gradient Descent using Predictive Variance Reduction",
  });
}

export const svrg = svrgWith();

/**
 * Adam with a second, very slow average beside the fast one: gradients from ten thousand steps ago still help. The weight
 * of the slow average, α in the paper, and its decay β₃ warm up over a number of steps, none by default: α linearly, β₃ so
 * that the half-life grows linearly.
 */
import { rule } from "../../rule.ts";

export const ademamix = rule({
  name: "ademamix",
  summary: "Adam along a mix of a fast and a very slow average of gradients.",
  hyper: {
    lr: 1e-3,
    beta1: 0.9,
    beta2: 0.999,
    beta3: 0.9999,
    mix: 2,
    mixWarmup: 0,
    beta3Warmup: 0,
    eps: 1e-8,
    weightDecay: 0,
  },
  state: ["m1", "m2", "v"],
  update: `
    alpha = mix * min(t / mixWarmup, 1)
    a = t / beta3Warmup
    beta = where(a < 1, exp(1 / ((1 - a) / log(beta1 + 1e-8) + a / log(beta3 + 1e-8))), beta3)
    m1 = beta1 * m1 + (1 - beta1) * g
    m2 = beta * m2 + (1 - beta) * g
    v = beta2 * v + (1 - beta2) * g^2
    u = (m1 / (1 - beta1^t) + alpha * m2) / (sqrt(v / (1 - beta2^t)) + eps)
    theta = theta - lr * (u + weightDecay * theta)`,
  source: "Pagliardini, Ablin & Grangier, arXiv:2409.03137, Algorithm 1; apple/ml-ademamix",
});

/**
 * One mean square per tensor instead of per element: gradients are normalised layer by layer, then averaged. Half of Adam's
 * state. Decay passes through momentum, after the normalisation.
 */
import { rule } from "../../rule.ts";

export const novograd = rule({
  name: "novograd",
  summary: "Momentum of gradients that are divided by their layer's running norm.",
  hyper: { lr: 1e-2, beta1: 0.95, beta2: 0.98, eps: 1e-8, weightDecay: 0 },
  state: { m: {}, v: { shape: "scalar" } },
  update: `
    v = where(t == 1, dot(g, g), beta2 * v + (1 - beta2) * dot(g, g))
    m = beta1 * m + g / (sqrt(v) + eps) + weightDecay * theta
    theta = theta - lr * m`,
  source: "Ginsburg et al., arXiv:1905.11286, Algorithm 1; optax.novograd",
});

/**
 * Adaptive Nesterov momentum: averages of the gradient m, of its change v, and of the square of both together. The betas
 * are decays as everywhere else here, one minus the paper's. Decay is proximal, θ / (1 + ηλ) after the step, or as in AdamW.
 *
 * optax weighs the change by 1 − b2 where the authors' code has beta2: another algorithm, which is not offered.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "adan";
const summary = "Adam with Nesterov's look-ahead, estimated from how the gradient changes.";
const hyper = { lr: 1e-3, beta1: 0.98, beta2: 0.92, beta3: 0.99, eps: 1e-8, weightDecay: 0 };
const state = ["m", "v", "n", "gOld"];
const step = `
    d = where(t == 1, 0, g - gOld)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * d
    n = beta3 * n + (1 - beta3) * (g + beta2 * d)^2
    gOld = g
    theta = theta - lr * (m / (1 - beta1^t) + beta2 * v / (1 - beta2^t)) / (sqrt(n / (1 - beta3^t)) + eps)`;
const source = "Xie et al., arXiv:2208.06677, Algorithm 1; sail-sg/Adan";

/** By the choice `proximal`. */
export const adanDecays = {
  true: {
    name,
    summary,
    hyper,
    state,
    update: `${step}
    theta = theta / (1 + lr * weightDecay)`,
    source,
  },
  false: {
    name,
    summary,
    hyper,
    state,
    update: `
    theta = theta * (1 - lr * weightDecay)${step}`,
    source: `${source} with no_prox=True`,
  },
} as const satisfies Record<string, RuleDeclaration>;

export const adan = rule(adanDecays.true);

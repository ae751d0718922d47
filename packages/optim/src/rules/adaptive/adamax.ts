/** Adam with the decaying maximum of gradients in place of their root mean square. torch keeps ε inside the maximum. */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "adamax";
const summary = "Step along the mean gradient over the decaying largest gradient.";
const state = ["m", "u"];
const paper = "Kingma & Ba, arXiv:1412.6980v9, Algorithm 2";

export const adamaxDialects = {
  torch: {
    name,
    summary,
    hyper: { lr: 2e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    state,
    update: `
    m = beta1 * m + (1 - beta1) * g
    u = max(beta2 * u, abs(g) + eps)
    theta = theta - lr / (1 - beta1^t) * m / u`,
    source: `${paper}; torch.optim.Adamax (optax.adamax is the same)`,
  },
  keras: {
    name,
    summary,
    hyper: { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-7 },
    state,
    update: `
    m = beta1 * m + (1 - beta1) * g
    u = max(beta2 * u, abs(g))
    theta = theta - lr / (1 - beta1^t) * m / (u + eps)`,
    source: `${paper}; keras.optimizers.Adamax`,
  },
} as const satisfies Record<string, RuleDeclaration>;

export const adamax = rule(adamaxDialects.torch);

/**
 * Momentum and RMSProp together, each corrected for starting at zero.
 *
 * Dialects differ in ε: torch adds it to the corrected root; Keras and TensorFlow use ε̂ of the paper's §2, added to the
 * uncorrected root and so 1/√(1 − β₂ᵗ) times larger in effect; optax has a second one under the root.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "adam";
const summary = "Step along the mean gradient over the root mean square gradient, both bias-corrected.";
const hyper = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 };
const state = ["m", "v"];
const moments = `
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g^2`;
const epsHat = `${moments}
    theta = theta - lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps)`;
const paper = "Kingma & Ba, arXiv:1412.6980v9";

export const adamDialects = {
  torch: {
    name,
    summary,
    hyper,
    state,
    update: `${moments}
    theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`,
    source: `${paper}, Algorithm 1; torch.optim.Adam`,
  },
  keras: {
    name,
    summary,
    hyper: { ...hyper, eps: 1e-7 },
    state,
    update: epsHat,
    source: `${paper}, end of §2; keras.optimizers.Adam`,
  },
  tf1: { name, summary, hyper, state, update: epsHat, source: `${paper}, end of §2; tf.train.AdamOptimizer` },
  optax: {
    name,
    summary,
    hyper: { ...hyper, epsRoot: 0 },
    state,
    update: `${moments}
    theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + epsRoot) + eps)`,
    source: `${paper}, Algorithm 1; optax.adam`,
  },
} as const satisfies Record<string, RuleDeclaration>;

export const adam = rule(adamDialects.torch);

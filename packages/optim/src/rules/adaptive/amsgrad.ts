/**
 * Adam with the largest mean square so far, so that no rate ever grows again: the repair of an example where Adam diverges.
 *
 * The maximum is over v as it is (torch, Keras, the paper) or over v after its correction (optax), where the first large
 * correction stays for good: far apart in early steps. The paper corrects nothing.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "amsgrad";
const summary = "Adam divided by the largest root mean square gradient so far.";
const hyper = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 };
const state = ["m", "v", "v_hat"];
const moments = `
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g^2`;
const paper = "Reddi, Kale & Kumar, arXiv:1904.09237, Algorithm 2";

export const amsgradDialects = {
  torch: {
    name,
    summary,
    hyper,
    state,
    update: `${moments}
    v_hat = max(v_hat, v)
    theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v_hat / (1 - beta2^t)) + eps)`,
    source: `${paper}; torch.optim.Adam with amsgrad=True`,
  },
  optax: {
    name,
    summary,
    hyper: { ...hyper, epsRoot: 0 },
    state,
    update: `${moments}
    v_hat = max(v_hat, v / (1 - beta2^t))
    theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v_hat + epsRoot) + eps)`,
    source: `${paper}; optax.amsgrad`,
  },
  keras: {
    name,
    summary,
    hyper: { ...hyper, eps: 1e-7 },
    state,
    update: `${moments}
    v_hat = max(v_hat, v)
    theta = theta - lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v_hat) + eps)`,
    source: `${paper}; keras.optimizers.Adam with amsgrad=True`,
  },
  paper: {
    name,
    summary,
    hyper,
    state,
    update: `${moments}
    v_hat = max(v_hat, v)
    theta = theta - lr * m / (sqrt(v_hat) + eps)`,
    source: `${paper} (ε as in Adam, against division by zero)`,
  },
} as const satisfies Record<string, RuleDeclaration>;

export const amsgrad = rule(amsgradDialects.torch);

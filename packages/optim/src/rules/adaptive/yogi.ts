/**
 * Adam whose mean square moves by at most (1 − β₂) g² per step, whatever its distance from g²: rates cannot grow suddenly
 * after a run of small gradients. The paper corrects nothing; TensorFlow Addons and optax correct as Adam does, and optax
 * lets m, too, start from the initial value.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "yogi";
const summary = "Adam with a mean square that changes by additive steps.";
const hyper = { lr: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-3, initialAccumulator: 1e-6 };
const state = { m: {}, v: { initial: "initialAccumulator" } };
const moments = `
    m = beta1 * m + (1 - beta1) * g
    v = v - (1 - beta2) * sign(v - g^2) * g^2`;
const paper = "Zaheer et al. 2018, Adaptive methods for nonconvex optimization, Algorithm 2";

export const yogiDialects = {
  paper: {
    name,
    summary,
    hyper,
    state,
    update: `${moments}
    theta = theta - lr * m / (sqrt(v) + eps)`,
    source: paper,
  },
  keras: {
    name,
    summary,
    hyper,
    state,
    update: `${moments}
    theta = theta - lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps)`,
    source: `${paper}; tensorflow_addons.optimizers.Yogi`,
  },
  optax: {
    name,
    summary,
    hyper,
    state: { m: { initial: "initialAccumulator" }, v: { initial: "initialAccumulator" } },
    update: `${moments}
    theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`,
    source: `${paper}; optax.yogi (lr has no default there)`,
  },
} as const satisfies Record<string, RuleDeclaration>;

export const yogi = rule(yogiDialects.paper);

/**
 * Per-coordinate rates from the sum of all squared gradients; the sum only grows, so the rates only fall.
 *
 * Libraries differ in where the sum starts, and in whether ε keeps the root or the sum away from zero.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "adagrad";
const summary = "Divide each coordinate's step by the root of its summed squared gradients.";
const state = { s: { initial: "initialAccumulator" } };

export const adagradDialects = {
  torch: {
    name,
    summary,
    hyper: { lr: 1e-2, lrDecay: 0, eps: 1e-10, initialAccumulator: 0 },
    state,
    update: `
    s = s + g^2
    theta = theta - lr / (1 + (t - 1) * lrDecay) * g / (sqrt(s) + eps)`,
    source: "Duchi, Hazan & Singer 2011; torch.optim.Adagrad",
  },
  optax: {
    name,
    summary,
    hyper: { lr: 1e-2, eps: 1e-7, initialAccumulator: 0.1 },
    state,
    update: `
    s = s + g^2
    theta = theta - lr * where(s > 0, g / sqrt(s + eps), 0)`,
    source: "Duchi, Hazan & Singer 2011; optax.adagrad (lr has no default there)",
  },
  keras: {
    name,
    summary,
    hyper: { lr: 1e-3, eps: 1e-7, initialAccumulator: 0.1 },
    state,
    update: `
    s = s + g^2
    theta = theta - lr * g / sqrt(s + eps)`,
    source: "Duchi, Hazan & Singer 2011; keras.optimizers.Adagrad, Keras 3",
  },
  tf1: {
    name,
    summary,
    hyper: { lr: 1e-2, initialAccumulator: 0.1 },
    state,
    update: `
    s = s + g^2
    theta = theta - lr * g / sqrt(s)`,
    source:
      "Duchi, Hazan & Singer 2011; tf.train.AdagradOptimizer, TensorFlow 1 (no ε, so s must not start at 0)",
  },
} as const satisfies Record<string, RuleDeclaration>;

export const adagrad = rule(adagradDialects.torch);

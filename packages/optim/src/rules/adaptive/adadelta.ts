/**
 * A step in the units of the parameter: past updates over past gradients, both as root mean squares. The learning rate was
 * to be done away with; libraries kept one, and disagree about its default by a factor of a thousand.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const base = {
  name: "adadelta",
  summary: "Scale each gradient by the ratio of past updates to past gradients.",
  state: ["v", "u"],
  update: `
    v = rho * v + (1 - rho) * g^2
    d = sqrt(u + eps) / sqrt(v + eps) * g
    u = rho * u + (1 - rho) * d^2
    theta = theta - lr * d`,
};
const paper = "Zeiler, arXiv:1212.5701, Algorithm 1";

export const adadeltaDialects = {
  torch: { ...base, hyper: { lr: 1, rho: 0.9, eps: 1e-6 }, source: `${paper}; torch.optim.Adadelta` },
  keras: {
    ...base,
    hyper: { lr: 1e-3, rho: 0.95, eps: 1e-7 },
    source: `${paper}; keras.optimizers.Adadelta`,
  },
  tf1: {
    ...base,
    hyper: { lr: 1e-3, rho: 0.95, eps: 1e-8 },
    source: `${paper}; tf.train.AdadeltaOptimizer, TensorFlow 1`,
  },
} as const satisfies Record<string, RuleDeclaration>;

export const adadelta = rule(adadeltaDialects.torch);

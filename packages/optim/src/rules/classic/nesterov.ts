/**
 * Nesterov's accelerated gradient: the gradient is taken where momentum is about to carry the parameters.
 *
 * As it was published, v ← μv − η∇f(θ + μv), θ ← θ + v, it wants a gradient away from θ. With φ = θ + μv as the parameters
 * it is a rule like any other; torch and Keras stop there and call φ the parameters. The form "lookahead" keeps the
 * distinction: it trains φ, where gradients are taken, and its view is θ = φ − μv, to evaluate with.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "nesterov";
const summary = "Momentum that looks one step ahead, which damps its overshoot.";
const hyper = { lr: 1e-2, momentum: 0.9 };

export const nesterovForms = {
  torch: {
    name,
    summary,
    hyper,
    state: ["b"],
    update: `
    b = momentum * b + g
    theta = theta - lr * (g + momentum * b)`,
    source: "Nesterov 1983; Sutskever et al. 2013, §2; torch.optim.SGD with nesterov=True",
  },
  lookahead: {
    name,
    summary,
    hyper,
    state: ["v"],
    update: `
    theta = theta - momentum * v
    v = momentum * v - lr * g
    theta = theta + v + momentum * v`,
    view: "theta - momentum * v",
    source:
      "Nesterov 1983; Sutskever et al. 2013, equations 3 and 4, at the point where the gradient is taken",
  },
  keras: {
    name,
    summary,
    hyper,
    state: ["v"],
    update: `
    v = momentum * v - lr * g
    theta = theta + momentum * v - lr * g`,
    source: "Bengio et al. 2012, arXiv:1212.0901, equation 7; keras.optimizers.SGD with nesterov=True",
  },
} as const satisfies Record<string, RuleDeclaration>;

export const nesterov = rule(nesterovForms.torch);

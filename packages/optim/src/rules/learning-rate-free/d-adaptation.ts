/**
 * D-Adaptation: the estimate d of the distance to the solution, from below, in three methods. All tensors share d; groups
 * with lr 0 take no part. Without any gradient so far, a step does nothing.
 *
 * The sums that the authors' AdaGrad updates by their changes are taken anew here, which differs by rounding only.
 */
import { type Rule, rule } from "../../rule.ts";
import { lines } from "../lines.ts";

const SOURCE = "Defazio & Mishchenko, arXiv:2301.07733; facebookresearch/dadaptation";
const GROWTH = { d0: 1e-6, growthRate: Number.POSITIVE_INFINITY };
const distance = { shape: "shared", initial: "d0" } as const;

export interface DAdaptAdamOptions {
  biasCorrection?: boolean;
  decay?: "l2" | "decoupled";
}

export function dAdaptAdamWith({ biasCorrection = false, decay = "l2" }: DAdaptAdamOptions = {}): Rule {
  const correction = biasCorrection && " * sqrt(1 - beta2^(k + 1)) / (1 - beta1^(k + 1))";
  return rule({
    name: "d-adapt-adam",
    summary: "Adam that estimates its learning rate from how gradients agree with their sum.",
    hyper: { lr: 1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, layerScale: 1, ...GROWTH },
    state: {
      m: {},
      v: {},
      s: {},
      r: { shape: "shared" },
      d: distance,
      ...(biasCorrection ? { k: { shape: "shared" } } : {}),
    },
    coupled: ["lr"],
    update: lines(
      decay === "l2" && "g = g + weightDecay * theta",
      `rate = d * lr${correction || ""}`,
      "root = sqrt(beta2)",
      "num = root * r + (1 - root) * sumAll(layerScale * rate * g * s / (sqrt(v) + eps))",
      "m = where(lr > 0, beta1 * m + (1 - beta1) * layerScale * rate * g, m)",
      "v = where(lr > 0, beta2 * v + (1 - beta2) * g^2, v)",
      "s = where(lr > 0, root * s + (1 - root) * rate * g, s)",
      "den = sumAll(where(lr > 0, layerScale * abs(s), 0))",
      "d_hat = where(den > 0, num / ((1 - root) * den), d)",
      "d = max(d, min(d_hat, d * growthRate))",
      "r = where(den > 0, num, r)",
      biasCorrection && "k = where(den > 0, k + 1, k)",
      "on = where(den > 0 and lr > 0, 1, 0)",
      decay === "decoupled" && "theta = theta - on * rate * weightDecay * theta",
      "theta = theta - on * m / (sqrt(v) + eps)",
    ),
    source: `${SOURCE}, DAdaptAdam`,
  });
}

export const dAdaptAdam = dAdaptAdamWith();

export const dAdaptSgd = rule({
  name: "d-adapt-sgd",
  summary: "Momentum that estimates its learning rate from how gradients agree with their sum.",
  hyper: { lr: 1, momentum: 0, weightDecay: 0, ...GROWTH },
  state: {
    theta0: { initial: "theta" },
    s: {},
    g0: { shape: "shared" },
    r: { shape: "shared" },
    d: distance,
  },
  coupled: ["lr"],
  update: `
    g0 = where(g0 > 0, g0, normAll(where(lr > 0, g, 0)))
    rate = where(g0 > 0, d * lr / g0, 0)
    g = g + weightDecay * theta
    r = r + sumAll(rate * g * s)
    s = s + rate * g
    length = normAll(s)
    d = where(length > 0, max(d, min(2 * r / length, d * growthRate)), d)
    theta = momentum * theta + (1 - momentum) * (theta0 - s)`,
  source: `${SOURCE}, DAdaptSGD`,
});

export const dAdaptAdagrad = rule({
  name: "d-adapt-adagrad",
  summary: "AdaGrad that estimates its learning rate from how gradients agree with their sum.",
  hyper: { lr: 1, momentum: 0, weightDecay: 0, eps: 1e-6, ...GROWTH },
  state: {
    theta0: { initial: "theta" },
    s: {},
    a: { initial: "1e-6" },
    q: { shape: "shared" },
    d: distance,
  },
  coupled: ["lr"],
  update: `
    g = g + weightDecay * theta
    a = a + g^2
    s = s + d * lr * g
    q = q + sumAll((d * lr * g)^2 / (sqrt(a) + eps))
    d_hat = (sumAll(s^2 / (sqrt(a) + eps)) - q) / sumAll(abs(s))
    d = where(sumAll(abs(s)) > 0, max(d, min(d_hat, d * growthRate)), d)
    theta = momentum * theta + (1 - momentum) * (theta0 - s / (sqrt(a) + eps))`,
  source: `${SOURCE}, DAdaptAdaGrad`,
});

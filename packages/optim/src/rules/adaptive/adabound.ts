/**
 * Adam whose rates are held between two bounds that close on one value: it begins as Adam and ends as SGD with momentum at the
 * rate finalLr. A schedule of lr lowers finalLr by the same factor. AMSBound takes the largest mean square so far.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "adabound";
const hyper = { lr: 1e-3, finalLr: 0.1, gamma: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 };
const uses = ["lrPeak"];
const moments = `
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g^2`;
/** The step along m, for rates of Adam's with the root of `square` below. */
const bounded = (square: string) => `
    end = finalLr * where(lr > 0, lr / lrPeak, 0)
    lower = end * (1 - 1 / (gamma * t + 1))
    upper = end * (1 + 1 / (gamma * t))
    rate = lr * sqrt(1 - beta2^t) / (1 - beta1^t) / (sqrt(${square}) + eps)
    theta = theta - min(max(rate, lower), upper) * m`;
const paper = "Luo et al., arXiv:1902.09843";

/** By the choice `amsbound`. */
export const adaboundForms = {
  false: {
    name,
    summary: "Adam whose rates are clipped to bounds that close on the rate of SGD.",
    hyper,
    uses,
    state: ["m", "v"],
    update: `${moments}${bounded("v")}`,
    source: `${paper}, Algorithm 2; Luolc/AdaBound`,
  },
  true: {
    name,
    summary: "AMSGrad whose rates are clipped to bounds that close on the rate of SGD.",
    hyper,
    uses,
    state: ["m", "v", "v_hat"],
    update: `${moments}
    v_hat = max(v_hat, v)${bounded("v_hat")}`,
    source: `${paper}, Algorithm 3; Luolc/AdaBound with amsbound=True`,
  },
} as const satisfies Record<string, RuleDeclaration>;

export const adabound = rule(adaboundForms.false);

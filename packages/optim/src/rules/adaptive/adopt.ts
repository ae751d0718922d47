/**
 * Adam in another order: the gradient is divided by the mean square before it, then averaged, so that numerator and
 * denominator are independent and any β₂ converges. The first step only measures. The clip, (t − 1)^¼ in the t-th step,
 * keeps a coordinate whose first gradient was nearly zero from leaping.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "adopt";
const summary = "Average gradients that were divided by the root mean square of those before them.";
const hyper = { lr: 1e-3, beta1: 0.9, beta2: 0.9999, eps: 1e-6, weightDecay: 0 };
const state = ["m", "v"];
const paper = "Taniguchi et al., arXiv:2411.02853";
const update = (normalised: string) => `
    theta = where(t == 1, theta, theta * (1 - lr * weightDecay))
    n = ${normalised}
    m = where(t == 1, 0, beta1 * m + (1 - beta1) * n)
    theta = theta - lr * m
    v = where(t == 1, g^2, beta2 * v + (1 - beta2) * g^2)`;

/** By the choice `clip`. */
export const adoptForms = {
  true: {
    name,
    summary,
    hyper,
    state,
    update: update("min(max(g / max(sqrt(v), eps), -((t - 1)^0.25)), (t - 1)^0.25)"),
    source: `${paper}v3, Algorithm 2 with clipping; iShohei220/adopt with decouple=True`,
  },
  false: {
    name,
    summary,
    hyper,
    state,
    update: update("g / max(sqrt(v), eps)"),
    source: `${paper}v2, Algorithm 2`,
  },
} as const satisfies Record<string, RuleDeclaration>;

export const adopt = rule(adoptForms.true);

/**
 * Adam divided by how far gradients stray from their average: a gradient as expected is believed, and taken in a long
 * step. ε is added to s in every step, and so adds up. The rectified form has RAdam's factor r, as the authors' later code.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "adabelief";
const summary = "Step along the mean gradient over the gradient's root mean square deviation from it.";
const hyper = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-16 };
const state = ["m", "s"];
const moments = `
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * (g - m)^2 + eps`;
const root = "(sqrt(s / (1 - beta2^t)) + eps)";
const paper = "Zhuang et al., arXiv:2010.07468";

/** By the choice `rectified`. */
export const adabeliefForms = {
  false: {
    name,
    summary,
    hyper,
    state,
    update: `${moments}
    theta = theta - lr / (1 - beta1^t) * m / ${root}`,
    source: `${paper}, Algorithm 2; juntang-zhuang/Adabelief-Optimizer with rectify=False`,
  },
  true: {
    name,
    summary,
    hyper,
    state,
    update: `
    rhoMax = 2 / (1 - beta2) - 1
    rho = rhoMax - 2 * t * beta2^t / (1 - beta2^t)
    r = sqrt((rho - 4) * (rho - 2) * rhoMax / ((rhoMax - 4) * (rhoMax - 2) * rho))${moments}
    theta = theta - lr / (1 - beta1^t) * m * where(rho >= 5, r / ${root}, 1)`,
    source: `${paper}; adabelief-tf 0.2 with rectify=True; r from Liu et al., arXiv:1908.03265`,
  },
} as const satisfies Record<string, RuleDeclaration>;

export const adabelief = rule(adabeliefForms.false);

/**
 * Momentum with decoupled weight decay. L2 in the loss passes through the buffer, so a weight without a gradient shrinks in
 * surges; here it shrinks by lr · λ per step and no more. With momentum 0 it is sgd with decay, where the two agree.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";

const name = "sgdw";
const summary = "Momentum that shrinks the parameters directly instead of through the gradient.";
const momentum = `
    b = momentum * b + g
    theta = theta - lr * b`;

export const sgdwDecays = {
  scaled: {
    name,
    summary,
    hyper: { lr: 1e-2, momentum: 0.9, weightDecay: 1e-2 },
    state: ["b"],
    update: `
    theta = theta * (1 - lr * weightDecay)${momentum}`,
    source: "Loshchilov & Hutter, arXiv:1711.05101, Algorithm 1, with decay times lr as in timm's SGDW",
  },
  independent: {
    name,
    summary,
    hyper: { lr: 1e-2, momentum: 0.9, weightDecay: 1e-4 },
    state: ["b"],
    update: `
    theta = theta * (1 - weightDecay)${momentum}`,
    source:
      "Loshchilov & Hutter, arXiv:1711.05101, Algorithm 1: schedule weightDecay with the same factor as lr",
  },
} as const satisfies Record<string, RuleDeclaration>;

export const sgdw = rule(sgdwDecays.scaled);

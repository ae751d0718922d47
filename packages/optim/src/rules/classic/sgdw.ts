/**
 * Momentum with decoupled weight decay. L2 in the loss passes through the buffer, so a weight without a gradient shrinks in
 * surges; here it shrinks by the same share in each step. With momentum 0 it is sgd with L2, where the two agree.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";
import { type Decay, SHRINK } from "../decay.ts";

const momentum = `
    b = momentum * b + g
    theta = theta - lr * b`;

const declaration = (decay: Decay, weightDecay: number): RuleDeclaration => ({
  name: "sgdw",
  summary: "Momentum that shrinks the parameters directly instead of through the gradient.",
  hyper: { lr: 1e-2, momentum: 0.9, weightDecay },
  uses: SHRINK[decay].uses,
  state: ["b"],
  update: SHRINK[decay].update + momentum,
  source: "Loshchilov & Hutter, arXiv:1711.05101, Algorithm 1; timm's SGDW",
});

export const sgdwDecays: Readonly<Record<Decay, RuleDeclaration>> = {
  scaled: declaration("scaled", 1e-2),
  independent: declaration("independent", 1e-4),
};

export const sgdw = rule(sgdwDecays.scaled);

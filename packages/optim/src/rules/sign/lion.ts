/**
 * Found by program search: only the sign of an interpolated momentum moves the parameters. One state slot. Dialects differ
 * in the default decay only.
 */
import { type Rule, rule } from "../../rule.ts";
import { type Decay, SHRINK } from "../decay.ts";

export type LionDialect = "paper" | "optax";

const WEIGHT_DECAY: Readonly<Record<LionDialect, number>> = { paper: 0, optax: 1e-3 };
const LR = 1e-4;

/** Lion with a library's defaults. @example lionWith("optax", "independent") */
export function lionWith(dialect: LionDialect, decay: Decay): Rule {
  const share = WEIGHT_DECAY[dialect];
  return rule({
    name: "lion",
    summary: "Step by the sign of an average of momentum and gradient; half of Adam's state.",
    // an independent decay does what the dialect's does at the default lr
    hyper: { lr: LR, beta1: 0.9, beta2: 0.99, weightDecay: decay === "scaled" ? share : share * LR },
    uses: SHRINK[decay].uses,
    state: ["m"],
    update: `${SHRINK[decay].update}
    theta = theta - lr * sign(beta1 * m + (1 - beta1) * g)
    m = beta2 * m + (1 - beta2) * g`,
    source:
      "Chen et al., arXiv:2302.06675, Algorithm 2; google/automl/lion; lucidrains/lion-pytorch for independent decay",
  });
}

export const lion = lionWith("paper", "scaled");

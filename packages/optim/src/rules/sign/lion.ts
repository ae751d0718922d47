/** Found by program search: only the sign of an interpolated momentum moves the parameters. One state slot. */
import { type RuleDeclaration, rule } from "../../rule.ts";

export type LionDialect = "paper" | "optax";
/** How weights shrink per step: by lr · λ, or by λ whatever lr is, to be scheduled itself. */
export type Decay = "scaled" | "independent";

/** Libraries differ in the default decay only. */
const WEIGHT_DECAY: Readonly<Record<LionDialect, number>> = { paper: 0, optax: 1e-3 };
const SHRINK: Readonly<Record<Decay, string>> = { scaled: "lr * weightDecay", independent: "weightDecay" };

/** Raises nothing: every pair is a rule. `independent` starts without decay, as the dialects' values are meant times lr. */
export const lionWith = (dialect: LionDialect, decay: Decay) => rule(declaration(dialect, decay));

const declaration = (dialect: LionDialect, decay: Decay): RuleDeclaration => ({
  name: "lion",
  summary: "Step by the sign of an average of momentum and gradient; half of Adam's state.",
  hyper: {
    lr: 1e-4,
    beta1: 0.9,
    beta2: 0.99,
    weightDecay: decay === "scaled" ? WEIGHT_DECAY[dialect] : 0,
  },
  state: ["m"],
  update: `
    theta = theta * (1 - ${SHRINK[decay]})
    theta = theta - lr * sign(beta1 * m + (1 - beta1) * g)
    m = beta2 * m + (1 - beta2) * g`,
  source: "Chen et al., arXiv:2302.06675, Algorithm 2; google/automl/lion",
});

export const lion = lionWith("paper", "scaled");

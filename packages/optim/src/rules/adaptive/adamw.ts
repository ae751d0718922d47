/** Adam with decoupled weight decay: the parameters shrink by a share per step, whatever their gradients are. */
import { type Rule, rule } from "../../rule.ts";
import { type Decay, SHRINK } from "../decay.ts";
import { adamDialects } from "./adam.ts";

export type AdamwDialect = "torch" | "keras" | "optax";

const WEIGHT_DECAY: Readonly<Record<AdamwDialect, number>> = { torch: 1e-2, keras: 4e-3, optax: 1e-4 };

/** AdamW as a library computes it. @example adamwWith("keras", "independent") */
export function adamwWith(dialect: AdamwDialect, decay: Decay): Rule {
  const { hyper, update, state } = adamDialects[dialect];
  const share = WEIGHT_DECAY[dialect];
  return rule({
    name: "adamw",
    summary: "Adam that shrinks the parameters directly instead of through the gradient.",
    // an independent decay does what the dialect's does at the default lr
    hyper: { ...hyper, weightDecay: decay === "scaled" ? share : share * hyper.lr },
    uses: SHRINK[decay].uses,
    state,
    update: SHRINK[decay].update + update,
    source: `Loshchilov & Hutter, arXiv:1711.05101, Algorithm 2; ${dialect}'s AdamW`,
  });
}

export const adamw = adamwWith("torch", "scaled");

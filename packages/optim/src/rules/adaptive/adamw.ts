/**
 * Adam with decoupled weight decay: the parameters shrink by lr · λ per step, whatever their gradients are; with
 * independent decay, as the paper has it, by λ, to be scheduled together with lr.
 */
import { type RuleDeclaration, rule } from "../../rule.ts";
import { adamDialects } from "./adam.ts";

export type AdamwDialect = "torch" | "keras" | "optax";
/** How weights shrink per step: by lr · λ, or by λ whatever lr is. */
export type Decay = "scaled" | "independent";

const WEIGHT_DECAY: Readonly<Record<AdamwDialect, number>> = { torch: 1e-2, keras: 4e-3, optax: 1e-4 };

const declaration = (dialect: AdamwDialect, decay: Decay): RuleDeclaration => {
  const { hyper, update, state } = adamDialects[dialect];
  const scaled = decay === "scaled";
  return {
    name: "adamw",
    summary: "Adam that shrinks the parameters directly instead of through the gradient.",
    // what a dialect's value does at the default lr, whatever lr is
    hyper: { ...hyper, weightDecay: scaled ? WEIGHT_DECAY[dialect] : WEIGHT_DECAY[dialect] * hyper.lr },
    state,
    update: `
    theta = theta * (1 - ${scaled ? "lr * weightDecay" : "weightDecay"})${update}`,
    source: `Loshchilov & Hutter, arXiv:1711.05101, Algorithm 2; ${dialect}'s AdamW`,
  };
};

export const adamwWith = (dialect: AdamwDialect, decay: Decay) => rule(declaration(dialect, decay));

export const adamw = adamwWith("torch", "scaled");

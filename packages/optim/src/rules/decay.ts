/**
 * Decoupled weight decay, in the two senses of the word: `scaled`, by lr · λ per step, as libraries have it, so that the
 * decay changes with lr; `independent`, by λ times the schedule's factor, as Loshchilov & Hutter wrote it (arXiv:1711.05101),
 * so that lr and λ can be tuned apart. A learning rate of 0 stops both.
 */
import type { RuleDeclaration } from "../rule.ts";

export type Decay = "scaled" | "independent";

/** The line that shrinks the parameters before a rule's own lines, and what it reads besides the rule's hyperparameters. */
export const SHRINK: Readonly<Record<Decay, Required<Pick<RuleDeclaration, "update" | "uses">>>> = {
  scaled: {
    uses: [],
    update: `
    theta = theta * (1 - lr * weightDecay)`,
  },
  independent: {
    uses: ["lrPeak"],
    update: `
    theta = theta * (1 - where(lr > 0, lr / lrPeak, 0) * weightDecay)`,
  },
};

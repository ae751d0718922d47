/** Climb instead of descending: put it first, before anything that looks at the sign of the gradient. */
import { gradientTransform, type Link } from "../rule.ts";

const declared = gradientTransform({
  name: "maximize",
  summary: "Negate the gradient, so that the rule maximises.",
  update: "g = -g",
  source: "torch.optim's maximize",
});

export const maximize = (): Link => declared;

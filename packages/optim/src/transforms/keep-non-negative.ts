/** Projection onto the non-negative numbers, after the step. */
import { type Link, parameterTransform } from "../rule.ts";

const declared = parameterTransform({
  name: "keepNonNegative",
  summary: "Set negative parameters to zero after the step.",
  place: "after",
  update: "theta = max(theta, 0)",
  source: "optax.keep_params_nonnegative",
});

export const keepNonNegative = (): Link => declared;

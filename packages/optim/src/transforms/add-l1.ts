/** L1 regularisation by its subgradient. Weights swing about zero and seldom rest there: softThreshold sets them to zero. */
import { gradientTransform, type Link, withHyper } from "../rule.ts";

const declared = gradientTransform({
  name: "addL1",
  summary: "Add l1 times the sign of the parameter to the gradient.",
  hyper: { l1: 1e-5 },
  update: "g = g + l1 * sign(theta)",
  source: "Tibshirani 1996, by the subgradient; Keras L1",
});

export const addL1 = (hyper: { l1?: number } = {}): Link => withHyper(declared, hyper);

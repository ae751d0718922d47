/**
 * L1 regularisation by its proximal operator, after the step: every weight comes nearer to zero by lr · l1, and rests there once it
 * arrives. After plain sgd this is ISTA.
 */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "softThreshold",
  summary: "Move every parameter towards zero by lr times l1, and stop there.",
  hyper: { l1: 1e-5 },
  uses: ["lr"],
  place: "after",
  update: "theta = sign(theta) * max(abs(theta) - lr * l1, 0)",
  source: "Daubechies, Defrise & De Mol 2004; Parikh & Boyd 2014, section 6.5.2",
});

export const softThreshold = (hyper: { l1?: number } = {}): Link => withHyper(declared, hyper);

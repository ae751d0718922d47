/**
 * Sharpness-aware minimisation: climb to the worst point nearby, take the gradient there, step from where we were. Two gradients per
 * step: the first is a phase of its own. The norm is over all parameters.
 */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "sam",
  summary:
    "Step by the gradient at the worst point within radius: seeks flat minima, at two gradients per step.",
  hyper: { radius: 0.05, eps: 1e-12 },
  place: "before",
  state: ["origin"],
  before: [
    {
      update: `
        origin = theta
        theta = theta + radius * g / (normAll(g) + eps)`,
    },
  ],
  update: "theta = origin",
  source: "Foret et al., arXiv:2010.01412, Algorithm 1; davda54/sam (rho)",
});

export const sam = (hyper: { radius?: number; eps?: number } = {}): Link => withHyper(declared, hyper);

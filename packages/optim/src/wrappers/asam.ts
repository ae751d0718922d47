/**
 * Adaptive SAM: the neighbourhood is measured in units of each weight, so that rescaling a layer changes nothing. The radius is about ten
 * times that of sam.
 */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "asam",
  summary: "Sam with a neighbourhood in proportion to each weight.",
  hyper: { radius: 0.5, eps: 1e-12 },
  place: "before",
  state: ["origin"],
  before: [
    {
      update: `
        origin = theta
        theta = theta + radius * theta^2 * g / (normAll(theta * g) + eps)`,
    },
  ],
  update: "theta = origin",
  source: "Kwon, Kim, Park & Choi, arXiv:2102.11600, Algorithm 1; davda54/sam with adaptive=True",
});

export const asam = (hyper: { radius?: number; eps?: number } = {}): Link => withHyper(declared, hyper);

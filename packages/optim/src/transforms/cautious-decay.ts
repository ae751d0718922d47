/** Decay only the parameters that the step moves towards zero, or leaves: what the loss pulls away from zero is not held back. */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "cautiousDecay",
  summary: "Decay by lr * weightDecay where the step does not lead away from zero.",
  hyper: { weightDecay: 1e-2 },
  uses: ["lr"],
  place: "after",
  update: "theta = theta - where((thetaOld - theta) * thetaOld >= 0, lr * weightDecay * thetaOld, 0)",
  source: "Chen et al., arXiv:2510.12402; cautious weight decay in KellerJordan/modded-nanogpt",
});

export const cautiousDecay = (hyper: { weightDecay?: number } = {}): Link => withHyper(declared, hyper);

/**
 * Decay as Loshchilov and Hutter wrote it: it follows the schedule's factor but not lr itself, so that lr can be tuned without
 * touching the decay. At torch's lr of 1e-3 the same decay is a thousandth of torch's weightDecay.
 */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "fullyDecoupledDecay",
  summary: "Multiply the parameters by 1 - weightDecay times the factor of the lr schedule, before the step.",
  hyper: { weightDecay: 1e-5 },
  uses: ["lr", "lrPeak"],
  place: "before",
  update: "theta = theta * (1 - where(lrPeak > 0, lr / lrPeak, 1) * weightDecay)",
  source: "Loshchilov & Hutter, arXiv:1711.05101, Algorithm 2, line 12",
});

export const fullyDecoupledDecay = (hyper: { weightDecay?: number } = {}): Link => withHyper(declared, hyper);

/** Projection onto a box, after the step: weight clipping, as in the first Wasserstein GANs. */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "projectOntoBox",
  summary: "Clip every parameter to [low, high] after the step.",
  hyper: { low: -1, high: 1 },
  place: "after",
  update: "theta = max(low, min(high, theta))",
  source: "optax.projections.projection_box",
});

export const projectOntoBox = (hyper: { low?: number; high?: number } = {}): Link =>
  withHyper(declared, hyper);

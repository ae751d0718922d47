/** Projection onto a Euclidean ball, tensor by tensor, after the step. */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "projectOntoBall",
  summary: "Scale each tensor after the step, so that its norm is at most maxParameterNorm.",
  hyper: { maxParameterNorm: 1 },
  place: "after",
  update: "theta = theta * min(1, maxParameterNorm / norm(theta))",
  source: "optax.projections.projection_l2_ball",
});

export const projectOntoBall = (hyper: { maxParameterNorm?: number } = {}): Link =>
  withHyper(declared, hyper);

/**
 * Drop the part of the step that disagrees in sign with the gradient, and lengthen the rest, so that the mean is kept. It covers all
 * that the rule did: a rule with decay of its own should have it switched off, and decoupledDecay put before it.
 */
import { type Link, parameterTransform } from "../rule.ts";

const declared = parameterTransform({
  name: "cautious",
  summary: "Move only where the step agrees with the gradient, and there by more.",
  place: "after",
  update: `
    u = thetaOld - theta
    agrees = where(u * g > 0, 1, 0)
    theta = thetaOld - u * agrees / max(mean(agrees), 1e-3)`,
  source: "Liang, Chen, Liu & Liu, arXiv:2411.16085, Algorithm 1; timm (caution=True)",
});

export const cautious = (): Link => declared;

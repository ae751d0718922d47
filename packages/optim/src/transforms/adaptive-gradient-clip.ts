/**
 * Clip a gradient where it is long beside the weights it moves, unit by unit: a unit is a row, all weights into one output.
 * Vectors and scalars are one unit each, and so is a matrix of one column. minNorm lets weights that start at zero move.
 */
import { gradientTransform, type Link, withHyper } from "../rule.ts";

const declared = gradientTransform({
  name: "adaptiveGradientClip",
  summary: "Clip the gradient of each unit (row) to clipping times the norm of its weights.",
  hyper: { clipping: 0.01, minNorm: 1e-3 },
  update: `
    pNorm = where(cols(theta) > 1, sqrt(rowSum(theta^2)), norm(theta))
    gNorm = where(cols(g) > 1, sqrt(rowSum(g^2)), norm(g))
    most = clipping * max(pNorm, minNorm)
    g = where(gNorm < most, g, g * most / max(gNorm, 1e-6))`,
  source:
    "Brock, De, Smith & Simonyan, arXiv:2102.06171, equation 3; optax.adaptive_grad_clip, timm adaptive_clip_grad",
});

export const adaptiveGradientClip = (hyper: { clipping?: number; minNorm?: number } = {}): Link =>
  withHyper(declared, hyper);

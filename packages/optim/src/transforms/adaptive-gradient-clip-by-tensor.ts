/** adaptiveGradientClip with whole tensors as units. It fuses into the rule's kernel, which the form by rows does not. */
import { gradientTransform, type Link, withHyper } from "../rule.ts";

const declared = gradientTransform({
  name: "adaptiveGradientClipByTensor",
  summary: "Clip the gradient of each tensor to clipping times the norm of its weights.",
  hyper: { clipping: 0.01, minNorm: 1e-3 },
  update: `
    gNorm = norm(g)
    most = clipping * max(norm(theta), minNorm)
    g = where(gNorm < most, g, g * most / max(gNorm, 1e-6))`,
  source: "Brock, De, Smith & Simonyan, arXiv:2102.06171, equation 3, with a tensor as the unit",
});

export const adaptiveGradientClipByTensor = (hyper: { clipping?: number; minNorm?: number } = {}): Link =>
  withHyper(declared, hyper);

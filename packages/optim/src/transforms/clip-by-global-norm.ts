/**
 * Scale the gradient of all parameters together so that its norm is at most maxNorm. The 1e-6 is torch's: a gradient of
 * norm 5 clipped to 1 has norm 0.9999998.
 */
import { gradientTransform, type Link, withHyper } from "../rule.ts";

const declared = gradientTransform({
  name: "clipByGlobalNorm",
  summary: "Scale all gradients by one factor, so that their joint norm is at most maxNorm.",
  hyper: { maxNorm: 1 },
  update: "g = g * min(1, maxNorm / (normAll(g) + 1e-6))",
  source: "Pascanu, Mikolov & Bengio 2013; torch.nn.utils.clip_grad_norm_",
});

export const clipByGlobalNorm = (hyper: { maxNorm?: number } = {}): Link => withHyper(declared, hyper);

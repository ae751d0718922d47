/** Clip each element of the gradient. It changes the direction of the gradient; clipByGlobalNorm does not. */
import { gradientTransform, type Link, withHyper } from "../rule.ts";

const declared = gradientTransform({
  name: "clipByValue",
  summary: "Clip each element of the gradient to [-limit, limit].",
  hyper: { limit: 1 },
  update: "g = max(-limit, min(limit, g))",
  source: "torch.nn.utils.clip_grad_value_",
});

export const clipByValue = (hyper: { limit?: number } = {}): Link => withHyper(declared, hyper);

/** Decay beside the gradient instead of in it, as torch's AdamW does: a factor that follows lr and its schedule. */
import { type Link, parameterTransform, withHyper } from "../rule.ts";

const declared = parameterTransform({
  name: "decoupledDecay",
  summary: "Multiply the parameters by 1 - lr * weightDecay before the step.",
  hyper: { weightDecay: 1e-2 },
  uses: ["lr"],
  place: "before",
  update: "theta = theta * (1 - lr * weightDecay)",
  source: "torch.optim.AdamW; Loshchilov & Hutter, arXiv:1711.05101",
});

export const decoupledDecay = (hyper: { weightDecay?: number } = {}): Link => withHyper(declared, hyper);

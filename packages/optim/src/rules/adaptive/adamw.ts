/** Adam with decoupled weight decay: the parameters shrink by lr · λ per step, whatever their gradients are. */
import { rule } from "../../rule.ts";

export const adamw = rule({
  name: "adamw",
  summary: "Adam that shrinks the parameters directly instead of through the gradient.",
  hyper: { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 1e-2 },
  state: ["m", "v"],
  update: `
    theta = theta * (1 - lr * weightDecay)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g^2
    theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`,
  source: "Loshchilov & Hutter, arXiv:1711.05101, Algorithm 2; torch.optim.AdamW",
});

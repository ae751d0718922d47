/** Rectified Adam with decoupled weight decay. */
import { rule } from "../../rule.ts";
import { radamUpdate } from "./radam.ts";

export const radamw = rule({
  name: "radamw",
  summary: "RAdam that shrinks the parameters directly instead of through the gradient.",
  hyper: { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 1e-2 },
  state: ["m", "v"],
  update: `
    theta = theta * (1 - lr * weightDecay)${radamUpdate}`,
  source: "Liu et al., arXiv:1908.03265, Algorithm 2; torch.optim.RAdam with decoupled_weight_decay=True",
});

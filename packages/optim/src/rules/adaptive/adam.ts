/** Momentum and RMSProp together, each corrected for starting at zero; eps is added after the correction. */
import { rule } from "../../rule.ts";

export const adam = rule({
  name: "adam",
  summary: "Step along the mean gradient over the root mean square gradient, both bias-corrected.",
  hyper: { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
  state: ["m", "v"],
  update: `
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g^2
    theta = theta - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`,
  source: "Kingma & Ba, arXiv:1412.6980v9, Algorithm 1; torch.optim.Adam",
});

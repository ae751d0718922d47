/** AdaGrad with a memory that fades, so that rates can grow again. */
import { rule } from "../../rule.ts";

export const rmsprop = rule({
  name: "rmsprop",
  summary: "Divide each coordinate's step by the root of its running mean square gradient.",
  hyper: { lr: 1e-2, alpha: 0.99, eps: 1e-8 },
  state: ["v"],
  update: `
    v = alpha * v + (1 - alpha) * g^2
    theta = theta - lr * g / (sqrt(v) + eps)`,
  source: "Tieleman & Hinton 2012, lecture 6e; torch.optim.RMSprop (eps outside the root)",
});

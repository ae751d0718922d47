/** Heavy-ball momentum in torch's form: the learning rate is outside the buffer, and the first buffer is the gradient. */
import { rule } from "../../rule.ts";

export const momentum = rule({
  name: "momentum",
  summary: "Step along a decaying sum of gradients, which keeps going where gradients agree.",
  hyper: { lr: 1e-2, momentum: 0.9, dampening: 0 },
  state: ["b"],
  update: `
    b = where(t == 1, g, momentum * b + (1 - dampening) * g)
    theta = theta - lr * b`,
  source: "Polyak 1964; torch.optim.SGD with momentum (first buffer undampened)",
});

/** Nesterov's momentum in the form of Sutskever et al., as torch computes it: the look-ahead is folded into the step. */
import { rule } from "../../rule.ts";

export const nesterov = rule({
  name: "nesterov",
  summary: "Momentum that looks one step ahead, which damps its overshoot.",
  hyper: { lr: 1e-2, momentum: 0.9 },
  state: ["b"],
  update: `
    b = momentum * b + g
    theta = theta - lr * (g + momentum * b)`,
  source: "Nesterov 1983; Sutskever et al. 2013, §2; torch.optim.SGD with nesterov=True",
});

/**
 * Averaged stochastic gradient descent: steps of a slowly falling size, and from step t0 on the average of all parameters
 * since, which is the view to evaluate with. With the default t0 the average is the parameters themselves.
 *
 * torch takes the step size of step t from the learning rate of step t − 1, which only a schedule can tell apart.
 */
import { rule } from "../../rule.ts";

export const asgd = rule({
  name: "asgd",
  summary: "Descend with falling steps and evaluate with the average of the path.",
  hyper: { lr: 1e-2, lambda: 1e-4, power: 0.75, t0: 1e6 },
  state: ["a"],
  update: `
    eta = lr / (1 + lambda * lr * (t - 1))^power
    theta = theta * (1 - lambda * eta) - eta * g
    mu = 1 / max(1, t - 1 - t0)
    a = (1 - mu) * a + mu * theta`,
  view: "a",
  source: "Polyak & Juditsky 1992; Xu, arXiv:1107.2490, §4; torch.optim.ASGD",
});

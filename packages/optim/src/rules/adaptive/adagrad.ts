/** Per-coordinate rates from the sum of all squared gradients; the sum only grows, so the rates only fall. */
import { rule } from "../../rule.ts";

export const adagrad = rule({
  name: "adagrad",
  summary: "Divide each coordinate's step by the root of its summed squared gradients.",
  hyper: { lr: 1e-2, lrDecay: 0, eps: 1e-10 },
  state: ["s"],
  update: `
    s = s + g^2
    theta = theta - lr / (1 + (t - 1) * lrDecay) * g / (sqrt(s) + eps)`,
  source: "Duchi, Hazan & Singer 2011; torch.optim.Adagrad with initial_accumulator_value 0",
});

/**
 * Rectified Adam: early mean squares rest on few gradients, so their inverse root varies wildly. While the equivalent
 * number of gradients ρ is at most 5, it steps along momentum alone; after that the factor r, which grows to 1, stands in
 * for a warm-up. At β₂ = 0.999 the first five steps are momentum at the full learning rate.
 */
import { rule } from "../../rule.ts";

export const radamUpdate = `
    rhoMax = 2 / (1 - beta2) - 1
    rho = rhoMax - 2 * t * beta2^t / (1 - beta2^t)
    r = sqrt((rho - 4) * (rho - 2) * rhoMax / ((rhoMax - 4) * (rhoMax - 2) * rho))
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g^2
    theta = theta - lr / (1 - beta1^t) * m * where(rho > 5, r * sqrt(1 - beta2^t) / (sqrt(v) + eps), 1)`;

export const radam = rule({
  name: "radam",
  summary: "Adam that trusts its mean squares only as far as they rest on enough gradients.",
  hyper: { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
  state: ["m", "v"],
  update: radamUpdate,
  source: "Liu et al., arXiv:1908.03265, Algorithm 2; torch.optim.RAdam (ε on the uncorrected root)",
});

/**
 * Adam's second moment in factored form: a column and a row instead of a matrix, so that state is nearly free. The
 * learning rate is relative to the size of the parameter, and updates are clipped by their root mean square.
 *
 * For a vector the factors reduce to the plain average: cols = 1 makes C the mean of R.
 */
import { rule } from "../../rule.ts";

export const adafactor = rule({
  name: "adafactor",
  summary: "Divide by a factored root mean square; nearly no state.",
  hyper: { lr: 1e-2, beta2Decay: -0.8, eps1: 1.1920928955078125e-7, eps2: 1e-3, clip: 1, weightDecay: 0 },
  state: { R: { shape: "rows" }, C: { shape: "cols" } },
  update: `
    alpha = max(eps2, norm(theta) / sqrt(size(theta))) * min(lr, 1 / sqrt(t))
    w = t^beta2Decay
    R = (1 - w) * R + w * rowMean(g^2)
    C = (1 - w) * C + w * colMean(g^2)
    V = R * C / max(mean(R), eps1)
    u = g / sqrt(max(V, eps1^2))
    theta = theta * (1 - lr * weightDecay)
    theta = theta - alpha / max(1, norm(u) / sqrt(size(u)) / clip) * u`,
  source: "Shazeer & Stern, arXiv:1804.04235, Algorithm 4; torch.optim.Adafactor (eps1 of float32)",
});

/**
 * Automatic gradient descent: no hyperparameter at all for a network of matrices. Every matrix W of d outputs and d' inputs
 * moves in the direction of its own gradient, by a length in proportion to √(d/d'), the size that its initialisation gave
 * its singular values; the common learning rate η follows from the gradients:
 *
 *   G = 1/L Σ √(d/d') ‖∇W‖      η = ln ((1 + √(1 + 4G)) / 2)      W ← W - η/L · √(d/d') ∇W/‖∇W‖
 *
 * A convolution's kernel is one such matrix for each of its k positions, with √(d/(d'k)). The choice `kernels: "whole"`
 * makes it one matrix of d by d'k: the same for networks without convolutions, and then fused.
 *
 * The theory holds only from its initialisation, semi-orthogonal matrices times √(d/d') (`initializeForAgd` of
 * @thalweg/nn), and for networks without biases.
 */
import { type Rule, rule } from "../../rule.ts";

export function agdWith({ kernels = "positions" }: { kernels?: "positions" | "whole" } = {}): Rule {
  const length = kernels === "positions" ? "sqrt(positionSum(g^2))" : "norm(g)";
  return rule({
    name: "agd",
    summary: "Gradient descent for matrices whose learning rate follows from the network's architecture.",
    hyper: { gain: 1 },
    minimumRank: 2,
    initialisation: "agd",
    update: `
      length = ${length}
      u = where(length > 0, sqrt(rows(g) / cols(g)) * g / length, 0)
      L = tensorsAll(g)
      G = dotAll(u, g) / L
      eta = log((1 + sqrt(1 + 4 * G)) / 2)
      theta = theta - gain * eta / L * u`,
    source: "Bernstein et al., arXiv:2304.05187, Algorithm 1; jxbz/agd",
  });
}

export const agd = agdWith();

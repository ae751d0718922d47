/**
 * Automatic gradient descent: no hyperparameter at all for a network of matrices. Every matrix W of size d × d' moves in
 * the direction of its own gradient, by a length in proportion to √(d/d'), the size that its initialisation gave its
 * singular values; the common learning rate η follows from the gradients:
 *
 *   G = 1/L Σ √(d/d') ‖∇W‖      η = ln ((1 + √(1 + 4G)) / 2)      W ← W - η/L · √(d/d') ∇W/‖∇W‖
 *
 * The theory holds only from that initialisation: semi-orthogonal matrices times √(d/d') (`initializeForAgd` of
 * @thalweg/nn), and for networks without biases. A convolution's kernel is the matrix of its first axis by all others;
 * the authors' code instead normalises each position of the kernel by itself.
 */
import { rule } from "../../rule.ts";

export const agd = rule({
  name: "agd",
  summary: "Gradient descent for matrices whose learning rate follows from the network's architecture.",
  hyper: { gain: 1 },
  minimumRank: 2,
  initialisation: "agd",
  update: `
    u = where(norm(g) > 0, sqrt(rows(g) / cols(g)) * g / norm(g), 0)
    L = tensorsAll(g)
    G = dotAll(u, g) / L
    eta = log((1 + sqrt(1 + 4 * G)) / 2)
    theta = theta - gain * eta / L * u`,
  source: "Bernstein et al., arXiv:2304.05187, Algorithm 1; jxbz/agd",
});

/**
 * Full-matrix AdaGrad along each side of a matrix: G Gᵀ and Gᵀ G are summed, and the gradient is multiplied by their
 * inverse fourth roots, which are recomputed every few steps.
 */
import { rule } from "../../rule.ts";
import { adagrad } from "../adaptive/adagrad.ts";

export const shampoo = rule({
  name: "shampoo",
  summary: "Precondition both sides of a matrix by the inverse fourth roots of its summed products.",
  hyper: { lr: 1e-2, eps: 1e-4, every: 1 },
  state: {
    L: { shape: "rows×rows", initial: "eps * identityLike(matmul(g, transpose(g)))" },
    R: { shape: "cols×cols", initial: "eps * identityLike(matmul(transpose(g), g))" },
    P: { shape: "rows×rows" },
    Q: { shape: "cols×cols" },
  },
  update: `
    L = L + matmul(g, transpose(g))
    R = R + matmul(transpose(g), g)
    due = floor((t - 1) / every) * every == t - 1
    P = where(due, inverseRoot(L, 4), P)
    Q = where(due, inverseRoot(R, 4), Q)
    theta = theta - lr * matmul(matmul(P, g), Q)`,
  minimumRank: 2,
  fallback: adagrad,
  source: "Gupta, Koren & Singer, arXiv:1802.09568, Algorithm 1",
});

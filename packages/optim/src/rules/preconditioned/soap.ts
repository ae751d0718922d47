/**
 * Adam in the eigenbasis of Shampoo's preconditioners. The bases follow by one step of power iteration and a QR
 * decomposition every few steps; in between, only the gradient is rotated.
 *
 * As in the authors' code the first gradient only sets the bases up, and does not move the parameters; eps stands on the
 * uncorrected root; weight decay comes after the update. The bases are unique only while eigenvalues are distinct.
 */
import { rule } from "../../rule.ts";
import { adamw } from "../adaptive/adamw.ts";

export const soap = rule({
  name: "soap",
  summary: "Adam in the eigenbasis of Shampoo's preconditioners.",
  hyper: { lr: 3e-3, beta1: 0.95, beta2: 0.95, shampooBeta: 0.95, eps: 1e-8, weightDecay: 0.01, every: 10 },
  state: {
    m: {},
    v: {},
    L: { shape: "rows×rows" },
    R: { shape: "cols×cols" },
    P: { shape: "rows×rows" },
    Q: { shape: "cols×cols" },
  },
  update: `
    first = where(t == 1, 1, 0)
    s = max(t - 1, 1)
    x = matmul(matmul(transpose(P), g), Q)
    m = where(t == 1, m, beta1 * m + (1 - beta1) * x)
    v = where(t == 1, v, beta2 * v + (1 - beta2) * x^2)
    u = matmul(matmul(P, m / (sqrt(v) + eps)), transpose(Q))
    theta = where(t == 1, theta, theta - lr * sqrt(1 - beta2^s) / (1 - beta1^s) * u)
    theta = where(t == 1, theta, theta * (1 - lr * weightDecay))
    L = shampooBeta * L + (1 - shampooBeta) * matmul(g, transpose(g))
    R = shampooBeta * R + (1 - shampooBeta) * matmul(transpose(g), g)
    due = t > 1 and floor(s / every) * every == s
    A = where(due, sortingPermutation(diagonal(matmul(matmul(transpose(P), L), P))), L)
    B = where(due, sortingPermutation(diagonal(matmul(matmul(transpose(Q), R), Q))), R)
    before = where(due, matmul(matmul(P, m), transpose(Q)), m)
    v = where(due, matmul(matmul(transpose(A), v), B), v)
    P = where(t == 1, eigenvectors(L), where(due, orthonormalBasis(matmul(L, matmul(P, A))), P))
    Q = where(t == 1, eigenvectors(R), where(due, orthonormalBasis(matmul(R, matmul(Q, B))), Q))
    m = where(due, matmul(matmul(transpose(P), before), Q), m)`,
  minimumRank: 2,
  fallback: adamw,
  source: "Vyas et al., arXiv:2409.11321, Algorithm 3; nikhilvyas/SOAP",
});

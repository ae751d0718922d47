/**
 * Nesterov's flow x' = v - x, v' = μ/γ (x - v) - ∇f/γ, γ' = μ - γ, discretised by Gauss and Seidel: the new v first, then
 * x from it. Momentum that stays stable at larger steps, with one vector of state.
 *
 * γ is a constant (NAG4), or follows its equation. The authors' torch class NAGGS means the second and computes the first,
 * as it drops the new γ; their JAX code does the second, a half-step late.
 */
import { type Rule, rule } from "../../rule.ts";
import { lines } from "../lines.ts";

const MOVE = `
    v = v + lr / (lr * mu + gamma) * (mu * (theta - v) - g)
    theta = theta + lr / (1 + lr) * (v - theta)`;

export function nagGsWith({ gamma = "constant" }: { gamma?: "constant" | "dynamic" } = {}): Rule {
  const dynamic = gamma === "dynamic";
  return rule({
    name: "nag-gs",
    summary: "Accelerated gradient flow, discretised semi-implicitly.",
    hyper: { lr: 1e-2, mu: 1, gamma0: 1 },
    state: {
      v: { initial: "theta" },
      ...(dynamic ? { gamma: { shape: "scalar", initial: "gamma0" } } : {}),
    },
    update: dynamic
      ? lines(MOVE, "gamma = (gamma + lr * mu) / (1 + lr)")
      : MOVE.replaceAll("gamma", "gamma0"),
    source: "Leplat et al., arXiv:2209.14937, Algorithm 1; skolai/nag-gs",
  });
}

export const nagGs = nagGsWith();

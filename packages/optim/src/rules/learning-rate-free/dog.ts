/**
 * The step is the largest distance from the start so far, over the root of the summed squared gradients. The first step is
 * tiny (repsRel times the parameters' norm), and steps grow as the distance does. The authors take norms within a
 * parameter group; here all groups are one vector, or with `layerwise` every tensor is one by itself (L-DoG).
 *
 * DoWG weighs the gradients' squares by the squared distance, and needs no logarithm in its bound.
 */
import { type Rule, rule } from "../../rule.ts";

export interface DogOptions {
  layerwise?: boolean;
  /** The first step from repsRel, or of the learning rate eta0. */
  start?: "distance" | "eta";
}

export function dogWith({ layerwise = false, start = "distance" }: DogOptions = {}): Rule {
  const [shape, all] = layerwise ? (["scalar", ""] as const) : (["shared", "All"] as const);
  const fromEta = start === "eta";
  const eta = "lr * r / sqrt(G)";
  return rule({
    name: "dog",
    summary: "Gradient descent with the distance gone over the gradients' norm as its learning rate.",
    hyper: { lr: 1, ...(fromEta ? { eta0: 1e-6 } : { repsRel: 1e-6 }), eps: 1e-8, weightDecay: 0 },
    state: {
      theta0: { initial: "theta" },
      r: { shape, initial: fromEta ? "0" : `repsRel * (1 + norm${all}(theta))` },
      G: { shape, initial: "eps" },
    },
    update: `
      g = g + weightDecay * theta
      r = max(r, norm${all}(theta - theta0))
      G = G + dot${all}(g, g)
      theta = theta - ${fromEta ? `where(t == 1, eta0, ${eta})` : eta} * g`,
    source: "Ivgi, Hinder & Carmon, arXiv:2302.12022; formll/dog",
  });
}

export const dog = dogWith();

export function dowgWith({ dialect = "optax" }: { dialect?: "optax" | "paper" } = {}): Rule {
  const paper = dialect === "paper";
  return rule({
    name: "dowg",
    summary: "Gradient descent with the distance gone over distance-weighted gradients as its learning rate.",
    hyper: paper ? { lr: 1, rEps: 1e-4 } : { lr: 1, eps: 1e-4 },
    state: {
      theta0: { initial: "theta" },
      r2: { shape: "shared", initial: paper ? "rEps^2" : "eps" },
      v: { shape: "shared" },
    },
    update: `
      r2 = max(r2, normAll(theta - theta0)^2)
      v = v + r2 * dotAll(g, g)
      eta = ${paper ? "where(v > 0, r2 / sqrt(v), 0)" : "r2 / (sqrt(v) + eps)"}
      theta = theta - lr * eta * g`,
    source: `Khaled, Mishchenko & Jin, arXiv:2305.16284, Algorithm 1${paper ? "" : "; optax.contrib.dowg, which starts the squared distance from eps"}`,
  });
}

export const dowg = dowgWith();

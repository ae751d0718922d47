/**
 * Adam that finds its own learning rate: d estimates the distance to the solution from below, by how far the gradients
 * agree with the way already gone, and every step is d times Adam's. All tensors share d, whatever their groups; a group
 * with lr 0 takes no part, and neither moves nor decays (in the authors' code it goes on decaying).
 *
 * Without any gradient so far (den = 0) a step does nothing, and k, which counts the others, stays.
 */
import { type Rule, rule } from "../../rule.ts";
import { lines } from "../lines.ts";

export interface ProdigyOptions {
  /** Divide Adam's averages by what they lack in the first steps: for diffusion models. */
  biasCorrection?: boolean;
  /** Keep the estimate from growing while lr warms up or restarts. */
  safeguardWarmup?: boolean;
  /** A hyperparameter beta3 for the estimate's averages, instead of the root of beta2. */
  ownBeta3?: boolean;
  decay?: "decoupled" | "l2";
}

/** Prodigy's Adam form with the options of the authors' code. */
export function prodigyWith(options: ProdigyOptions = {}): Rule {
  const { biasCorrection = false, safeguardWarmup = false, ownBeta3 = false, decay = "decoupled" } = options;
  const beta3 = ownBeta3 ? "beta3" : "sqrt(beta2)";
  const correction = biasCorrection && " * sqrt(1 - beta2^(k + 1)) / (1 - beta1^(k + 1))";
  return rule({
    name: "prodigy",
    summary: "Adam that estimates its learning rate from the distance gone.",
    hyper: {
      lr: 1,
      beta1: 0.9,
      beta2: 0.999,
      ...(ownBeta3 ? { beta3: 0.999 ** 0.5 } : {}),
      eps: 1e-8,
      weightDecay: 0,
      d0: 1e-6,
      dCoef: 1,
      growthRate: Number.POSITIVE_INFINITY,
    },
    state: {
      m: {},
      v: {},
      s: {},
      theta0: { initial: "theta" },
      r: { shape: "shared" },
      d: { shape: "shared", initial: "d0" },
      dMax: { shape: "shared", initial: "d0" },
      ...(biasCorrection ? { k: { shape: "shared" } } : {}),
    },
    coupled: ["lr"],
    update: lines(
      decay === "l2" && "g = g + weightDecay * theta",
      `rate = d * lr${correction || ""}`,
      `num = ${beta3} * r + sumAll(d / d0 * rate * g * (theta0 - theta))`,
      "m = where(lr > 0, beta1 * m + (1 - beta1) * d * g, m)",
      "v = where(lr > 0, beta2 * v + (1 - beta2) * (d * g)^2, v)",
      `s = where(lr > 0, ${beta3} * s + d / d0 * ${safeguardWarmup ? "d" : "rate"} * g, s)`,
      "den = sumAll(where(lr > 0, abs(s), 0))",
      "d_hat = where(den > 0, dCoef * num / den, d)",
      "dMax = max(dMax, d_hat)",
      "d = min(dMax, where(d == d0, max(d, d_hat), d) * growthRate)",
      "r = where(den > 0, num, r)",
      biasCorrection && "k = where(den > 0, k + 1, k)",
      "rate = where(den > 0, rate, 0)",
      decay === "decoupled" && "theta = theta - rate * weightDecay * theta",
      "theta = theta - rate * m / (sqrt(v) + d * eps)",
    ),
    source: "Mishchenko & Defazio, arXiv:2306.06101, the Adam version; konstmish/prodigy",
  });
}

export const prodigy = prodigyWith();

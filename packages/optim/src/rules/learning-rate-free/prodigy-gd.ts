/**
 * Prodigy in its two plain forms, for convex problems: gradient descent and dual averaging. d bounds the distance from the
 * start to the solution from below: convexity gives Σ η ⟨g, θ₀ - θ*⟩ ≥ Σ η ⟨g, θ₀ - θ⟩, and Cauchy and Schwarz do the rest.
 *
 * lr is the paper's weight λ, which a schedule may change; a constant one cancels while G = 0. The theory is about the
 * average of the path, weighted by the steps: the choice `average` makes it the view. Without any gradient so far, a step
 * does nothing.
 */
import { type Rule, rule } from "../../rule.ts";
import { lines } from "../lines.ts";

const SOURCE = "Mishchenko & Defazio, arXiv:2306.06101";
const HYPER = { lr: 1, d0: 1e-6, G: 0 };

/** The average of the points where gradients were taken; `weight` is the new point's. */
const averaging = (weight: string) =>
  lines(
    `W = W + ${weight}`,
    `mean_theta = mean_theta + where(W > 0, ${weight} / W, 0) * (theta - mean_theta)`,
  );
const averageState = { W: { shape: "shared" }, mean_theta: { initial: "theta" } } as const;

export function prodigyGdWith({ average = false } = {}): Rule {
  return rule({
    name: "prodigy-gd",
    summary: "Gradient descent that estimates its learning rate from the distance gone.",
    hyper: HYPER,
    state: {
      theta0: { initial: "theta" },
      d: { shape: "shared", initial: "d0" },
      q: { shape: "shared" },
      r: { shape: "shared" },
      ...(average ? averageState : {}),
    },
    coupled: ["lr"],
    update: lines(
      "q = q + d^2 * sumAll((lr * g)^2)",
      "scale = where(q > 0, d^2 / sqrt(d^2 * G^2 + q), 0)",
      "eta = lr * scale",
      "r = r + scale * sumAll(lr * g * (theta0 - theta))",
      average && averaging("scale"),
      "theta = theta - eta * g",
      "distance = normAll(theta - theta0)",
      "d = where(distance > 0, max(d, r / distance), d)",
    ),
    view: average ? "mean_theta" : "",
    source: `${SOURCE}, Algorithm 1`,
  });
}

export function prodigyDualAveragingWith({ average = false } = {}): Rule {
  return rule({
    name: "prodigy-da",
    summary: "Dual averaging that estimates its learning rate from the distance gone.",
    hyper: HYPER,
    state: {
      theta0: { initial: "theta" },
      s: {},
      d: { shape: "shared", initial: "d0" },
      q: { shape: "shared" },
      r: { shape: "shared" },
      ...(average ? averageState : {}),
    },
    coupled: ["lr"],
    update: lines(
      average && averaging("d^2"),
      "s = s + d^2 * lr * g",
      "r = r + d^2 * sumAll(lr * g * (theta0 - theta))",
      "q = q + d^2 * sumAll((lr * g)^2)",
      "d = where(q > 0, max(d, r / normAll(s)), d)",
      "theta = theta0 - where(q > 0, 1 / sqrt(d^2 * G^2 + q), 0) * s",
    ),
    view: average ? "mean_theta" : "",
    source: `${SOURCE}, Algorithm 2`,
  });
}

export const prodigyGd = prodigyGdWith();
export const prodigyDualAveraging = prodigyDualAveragingWith();

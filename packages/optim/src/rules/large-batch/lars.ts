/**
 * Momentum whose learning rate is scaled, tensor by tensor, by how large the parameters are beside their gradient. Where
 * weightDecay is 0 timm leaves a tensor unscaled: biases and norms are usually given no decay and so are spared.
 */
import { type Rule, rule } from "../../rule.ts";
import { lines } from "../lines.ts";

export interface LarsOptions {
  /** torch is timm. optax adds the decay before it takes the norm, has lr inside the buffer, and always scales. */
  dialect?: "torch" | "optax";
  /** Never more than the learning rate itself: LARC. */
  trustClip?: boolean;
  /** Scale tensors without decay too. */
  alwaysAdapt?: boolean;
  nesterov?: boolean;
}

/** LARS in one of its forms. Raises RangeError for options that optax does not have. */
export function larsWith(options: LarsOptions = {}): Rule {
  const { dialect = "torch", trustClip = false, alwaysAdapt = false, nesterov = false } = options;
  if (dialect === "optax") {
    if (trustClip || alwaysAdapt) {
      throw new RangeError(
        "Cannot build lars in the dialect optax with trustClip or alwaysAdapt as optax has neither, and always adapts: use the dialect torch",
      );
    }
    return larsOfOptax(nesterov);
  }
  return rule({
    name: "lars",
    summary: "Momentum with a learning rate per tensor, relative to the size of its parameters.",
    hyper: { lr: 1, momentum: 0, weightDecay: 0, trustCoefficient: 0.001, eps: 1e-8 },
    state: ["b"],
    update: lines(
      "ratio = trustCoefficient * norm(theta) / (norm(g) + weightDecay * norm(theta) + eps)",
      "ratio = where(norm(theta) > 0 and norm(g) > 0, ratio, 1)",
      trustClip && "ratio = min(ratio / lr, 1)",
      !alwaysAdapt && "ratio = where(weightDecay > 0, ratio, 1)",
      "u = ratio * (g + weightDecay * theta)",
      "b = momentum * b + u",
      `theta = theta - lr * ${nesterov ? "(u + momentum * b)" : "b"}`,
    ),
    source: "You, Gitman & Ginsburg 2017, arXiv:1708.03888, Algorithm 1; timm/optim/lars.py",
  });
}

const larsOfOptax = (nesterov: boolean): Rule =>
  rule({
    name: "lars",
    summary: "Momentum with a learning rate per tensor, relative to the size of its parameters.",
    hyper: { lr: 1, momentum: 0.9, weightDecay: 0, trustCoefficient: 0.001, eps: 0 },
    state: ["b"],
    update: `
      u = g + weightDecay * theta
      ratio = where(norm(theta) > 0 and norm(u) > 0, trustCoefficient * norm(theta) / (norm(u) + eps), 1)
      b = momentum * b + lr * ratio * u
      theta = theta - ${nesterov ? "(lr * ratio * u + momentum * b)" : "b"}`,
    source: "You, Gitman & Ginsburg 2017, arXiv:1708.03888; optax.lars",
  });

export const lars = larsWith();

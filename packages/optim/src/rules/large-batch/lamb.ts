/**
 * AdamW whose step is scaled, tensor by tensor, to the size of the parameters. The defaults are those of apex and timm,
 * which also clip the gradient of all tensors together; optax does not clip and always scales.
 */
import { type Rule, rule, withHyper } from "../../rule.ts";
import { lines } from "../lines.ts";

export interface LambOptions {
  /** torch is apex and timm, which clip the gradient of all tensors; optax does not, and scales tensors without decay too. */
  dialect?: "torch" | "optax";
  /** Divide the averages by what they lack in the first steps. The original TensorFlow code does not. */
  biasCorrection?: boolean;
  /** Weigh the gradient by 1 - beta1 in the first average; otherwise by 1. */
  gradAveraging?: boolean;
  /** Scale tensors without decay too; optax always does. */
  nvlamb?: boolean;
  /** l2 adds the decay to the gradient, before the averages. */
  decay?: "decoupled" | "l2";
}

/** LAMB in one of its forms. */
export function lambWith(options: LambOptions = {}): Rule {
  const { dialect = "torch", biasCorrection = true, gradAveraging = true, decay = "decoupled" } = options;
  const apex = dialect === "torch";
  const { nvlamb = !apex } = options;
  const mHat = biasCorrection ? "(m / (1 - beta1^t))" : "m";
  const vHat = biasCorrection ? "v / (1 - beta2^t)" : "v";
  const adapted = apex && !nvlamb ? "weightDecay > 0 and " : "";
  const declared = rule({
    name: "lamb",
    summary: "AdamW with steps in proportion to the size of each tensor.",
    hyper: {
      lr: 1e-3,
      beta1: 0.9,
      beta2: 0.999,
      eps: 1e-6,
      weightDecay: 0.01,
      ...(apex ? { maxGradNorm: 1 } : {}),
    },
    state: ["m", "v"],
    update: lines(
      apex && "g = g / max(1, normAll(g) / maxGradNorm)",
      decay === "l2" && "g = g + weightDecay * theta",
      `m = beta1 * m + ${gradAveraging ? "(1 - beta1) * g" : "g"}`,
      "v = beta2 * v + (1 - beta2) * g^2",
      `u = ${mHat} / (sqrt(${vHat}) + eps)`,
      decay === "decoupled" && "u = u + weightDecay * theta",
      `ratio = where(${adapted}norm(theta) > 0 and norm(u) > 0, norm(theta) / norm(u), 1)`,
      "theta = theta - lr * ratio * u",
    ),
    source: apex
      ? "You et al., arXiv:1904.00962, Algorithm 2; apex.optimizers.FusedLAMB, timm/optim/lamb.py"
      : "You et al., arXiv:1904.00962, Algorithm 2; optax.lamb",
  });
  return apex ? declared : withHyper(declared, { weightDecay: 0 });
}

export const lamb = lambWith();

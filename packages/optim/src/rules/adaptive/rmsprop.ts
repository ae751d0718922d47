/**
 * AdaGrad with a memory that fades, so that rates can grow again. It was never published, only shown on a slide, and every
 * library has its own: torch adds ε to the root, the others to what is under it; TensorFlow 1 starts the average at 1, so
 * that first steps are short instead of long; with momentum, torch keeps lr outside the buffer, the others inside.
 */
import { type Rule, rule } from "../../rule.ts";

export type RmspropDialect = "torch" | "optax" | "keras" | "tf1";

export interface RmspropOptions {
  dialect?: RmspropDialect;
  /** Divide by the standard deviation instead: the squared average gradient is taken off. */
  centered?: boolean;
  /** Move along a momentum buffer of the divided gradients. */
  withMomentum?: boolean;
}

const DIALECTS = {
  torch: { hyper: { lr: 1e-2, alpha: 0.99, eps: 1e-8 }, start: "0", code: "torch.optim.RMSprop" },
  optax: {
    hyper: { lr: 1e-3, alpha: 0.9, eps: 1e-8 },
    start: "0",
    code: "optax.rmsprop (lr has no default)",
  },
  keras: {
    hyper: { lr: 1e-3, alpha: 0.9, eps: 1e-7 },
    start: "0",
    code: "keras.optimizers.RMSprop, Keras 3",
  },
  tf1: { hyper: { lr: 1e-3, alpha: 0.9, eps: 1e-10 }, start: "1", code: "tf.train.RMSPropOptimizer" },
} as const;

/** RMSProp as a library computes it. @example rmspropWith({ dialect: "tf1", withMomentum: true }) */
export function rmspropWith({
  dialect = "torch",
  centered = false,
  withMomentum = false,
}: RmspropOptions = {}): Rule {
  const { hyper, start, code } = DIALECTS[dialect];
  const variance = centered ? "max(v - m^2, 0)" : "v"; // rounding must not push a variance below 0
  const divided = dialect === "torch" ? `g / (sqrt(${variance}) + eps)` : `g / sqrt(${variance} + eps)`;
  const steps = {
    plain: [`theta = theta - lr * ${divided}`],
    torch: [`b = momentum * b + ${divided}`, "theta = theta - lr * b"],
    others: [`b = momentum * b + lr * ${divided}`, "theta = theta - b"],
  };
  return rule({
    name: "rmsprop",
    summary: "Divide each coordinate's step by the root of its running mean square gradient.",
    hyper: { ...hyper, ...(withMomentum ? { momentum: 0.9 } : {}) },
    state: { v: { initial: start }, ...(centered ? { m: {} } : {}), ...(withMomentum ? { b: {} } : {}) },
    update: [
      "",
      "v = alpha * v + (1 - alpha) * g^2",
      ...(centered ? ["m = alpha * m + (1 - alpha) * g"] : []),
      ...steps[withMomentum ? (dialect === "torch" ? "torch" : "others") : "plain"],
    ].join("\n    "),
    source: `Tieleman & Hinton 2012, lecture 6e; Graves, arXiv:1308.0850 (centered); ${code}`,
  });
}

export const rmsprop = rmspropWith();

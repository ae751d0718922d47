import { linearly } from "../interpolate.ts";
import { type CurveBase, fraction, type Kind } from "../kind.ts";

export interface WarmupCurve extends CurveBase {
  readonly kind: "warmup";
  /** Absent: 1 / steps. */
  readonly from?: number;
  /** Absent: linear. */
  readonly shape?: "linear" | "constant";
}

/**
 * A linear rise that reaches the peak at its last step, k = W − 1; or a constant start and then the peak.
 *
 * Differs  Hugging Face, Keras and optax rise as k/W, which wastes the first update at factor 0 and reaches the
 *          peak one step later: that is `linear(W, from=0, to=1)`, and torch's LinearLR(f, total_iters=W) is
 *          `linear(W, from=f, to=1)`. torch's ConstantLR(f, total_iters=W) is `warmup(W, from=f, shape=constant)`.
 */
export const warmup: Kind<WarmupCurve> = {
  summary: "a linear rise to the peak, or a small constant, to be followed by another part",
  formula: String.raw`f(k) = \mathrm{from} + (1 - \mathrm{from}) \frac{k}{T - 1}, \quad \mathrm{from} = \frac{1}{T} \text{ gives } f(k) = \frac{k + 1}{T}; \quad \text{constant: } f(k) = \mathrm{from},\ f(T) = 1`,
  source: "Goyal et al., arXiv:1706.02677, section 2.2 (gradual and constant warmup)",
  parameters: [
    {
      name: "from",
      meaning: "factor at the first step; 0 makes the first update nothing",
      takes: { number: fraction },
      default: { derived: "1 / steps", from: () => undefined },
    },
    {
      name: "shape",
      meaning: "a rise, or one value until the end",
      takes: { words: ["linear", "constant"] },
      default: { derived: "linear", from: () => undefined },
    },
  ],
  factor({ steps, from, shape }, k) {
    if (shape === "constant") return k < steps ? (from ?? 1 / steps) : 1;
    if (k >= steps - 1) return 1;
    return from === undefined ? (k + 1) / steps : linearly(from, 1, k, steps - 1);
  },
};

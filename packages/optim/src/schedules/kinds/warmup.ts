import { linearly } from "../interpolate.ts";
import { type CurveBase, fraction, type Kind } from "../kind.ts";

export interface WarmupCurve extends CurveBase {
  readonly kind: "warmup";
  /** Absent: 1 / steps. */
  readonly from?: number;
}

/**
 * A linear rise that reaches the peak at its last step, k = W − 1.
 *
 * Differs  Hugging Face and optax rise as k/W, which wastes the first update at factor 0 and reaches the peak
 *          one step later: that is `linear(W, from=0, to=1)`, and torch's LinearLR(f, total_iters=W) is
 *          `linear(W, from=f, to=1)`.
 */
export const warmup: Kind<WarmupCurve> = {
  summary: "a linear rise to the peak, to be followed by another part",
  formula: String.raw`f(k) = \mathrm{from} + (1 - \mathrm{from}) \frac{k}{T - 1}, \quad \mathrm{from} = \frac{1}{T} \text{ gives } f(k) = \frac{k + 1}{T}`,
  source: "Goyal et al., arXiv:1706.02677, section 2.2 (gradual warmup)",
  parameters: [
    {
      name: "from",
      meaning: "factor at the first step",
      takes: { number: fraction },
      default: { derived: "1 / steps", from: () => undefined },
    },
  ],
  factor({ steps, from }, k) {
    if (k >= steps - 1) return 1;
    return from === undefined ? (k + 1) / steps : linearly(from, 1, k, steps - 1);
  },
};

import { type CurveBase, type Kind, past, positiveCount } from "../kind.ts";

export interface InverseSqrtCurve extends CurveBase {
  readonly kind: "inverse-sqrt";
  readonly timescale: number;
}

/**
 * The decay of the first transformers: after `warmup(W)`, with timescale = W, it is 1/√(step/W) on the run's
 * own clock, which is Hugging Face's get_inverse_sqrt_schedule.
 */
export const inverseSqrt: Kind<InverseSqrtCurve> = {
  summary: "one over the square root of time, with no end in sight",
  formula: String.raw`f(k) = \sqrt{\frac{\mathrm{timescale}}{\mathrm{timescale} + k}}`,
  source: "Vaswani et al., arXiv:1706.03762, equation 3; Zhai et al., arXiv:2106.04560, section 3.5",
  parameters: [
    {
      name: "timescale",
      meaning: "steps until the factor is 1/√2; the length of the warm-up before it, as a rule",
      takes: { count: positiveCount },
      default: 10000,
    },
    past,
  ],
  factor: ({ timescale }, k) => Math.sqrt(timescale / (timescale + k)),
};

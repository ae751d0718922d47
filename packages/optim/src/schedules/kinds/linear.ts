import { linearly } from "../interpolate.ts";
import { type CurveBase, type Kind, nonNegative } from "../kind.ts";

export interface LinearCurve extends CurveBase {
  readonly kind: "linear";
  readonly from: number;
  readonly to: number;
}

/** A straight line; it meets `to` at k = T, one step after its last, so that a following part can start there. */
export const linear: Kind<LinearCurve> = {
  summary: "a straight line from one multiple of the base value to another",
  formula: String.raw`f(k) = \mathrm{from} + (\mathrm{to} - \mathrm{from}) \frac{k}{T}`,
  source:
    "torch.optim.lr_scheduler.LinearLR(start_factor=from, end_factor=to, total_iters=T); optax.linear_schedule",
  parameters: [
    { name: "from", meaning: "factor at the first step", takes: { number: nonNegative }, default: 1 },
    { name: "to", meaning: "factor after the last step", takes: { number: nonNegative }, default: 0 },
  ],
  factor: ({ steps, from, to }, k) => linearly(from, to, k, steps),
};

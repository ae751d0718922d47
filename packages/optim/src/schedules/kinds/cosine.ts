import { alongCosine } from "../interpolate.ts";
import { type CurveBase, fraction, type Kind } from "../kind.ts";

export interface CosineCurve extends CurveBase {
  readonly kind: "cosine";
  readonly floor: number;
}

/**
 * Half a cosine from the peak down to the floor, met at k = T, one step after the last.
 *
 * Differs  torch's CosineAnnealingLR rises again past T_max; this stays on the floor, as optax does.
 */
export const cosine: Kind<CosineCurve> = {
  summary: "half a cosine from the peak down to a floor",
  formula: String.raw`f(k) = \mathrm{floor} + (1 - \mathrm{floor}) \frac{1 + \cos(\pi k / T)}{2}`,
  source:
    "Loshchilov & Hutter, arXiv:1608.03983, equation 5, one cycle; torch.optim.lr_scheduler.CosineAnnealingLR",
  parameters: [
    { name: "floor", meaning: "factor after the last step", takes: { number: fraction }, default: 0 },
  ],
  factor: ({ steps, floor }, k) => alongCosine(1, floor, k, steps),
};

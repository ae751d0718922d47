import { alongCosine, halfCosine, linearly } from "../interpolate.ts";
import { type CurveBase, dialect, fraction, type Kind, past, positive } from "../kind.ts";

export interface CosineCurve extends CurveBase {
  readonly kind: "cosine";
  readonly floor: number;
  /** Absent: 1. */
  readonly exponent?: number;
  readonly dialect?: "optax" | "keras" | "torch";
}

/**
 * Half a cosine from the peak down to the floor, met at k = T, one step after the last.
 *
 * Differs  torch's CosineAnnealingLR rises again past T_max: `dialect=torch`, the same as `past=continue`. By
 *          default it stays on the floor, as in optax and Keras, whose alpha is the floor.
 */
export const cosine: Kind<CosineCurve> = {
  summary: "half a cosine from the peak down to a floor",
  formula: String.raw`f(k) = \mathrm{floor} + (1 - \mathrm{floor}) \left(\frac{1 + \cos(\pi k / T)}{2}\right)^{\mathrm{exponent}}`,
  source:
    "Loshchilov & Hutter, arXiv:1608.03983, equation 5, one cycle; torch CosineAnnealingLR; optax.cosine_decay_schedule; Keras CosineDecay",
  parameters: [
    { name: "floor", meaning: "factor after the last step", takes: { number: fraction }, default: 0 },
    {
      name: "exponent",
      meaning: "power of the cosine, as in optax",
      takes: { number: positive },
      default: { derived: "1", from: () => undefined },
    },
    past,
    dialect("torch rises again past the end, the others stay on the floor", "optax", "keras", "torch"),
  ],
  continues: (curve) => curve.past === "continue" || (curve.past === undefined && curve.dialect === "torch"),
  factor({ steps, floor, exponent = 1 }, step) {
    const turned = step % (2 * steps);
    const k = turned <= steps ? turned : 2 * steps - turned; // back up the way it came down
    if (exponent === 1) return alongCosine(1, floor, k, steps);
    return linearly(floor, 1, halfCosine(k, steps) ** exponent, 1);
  },
};

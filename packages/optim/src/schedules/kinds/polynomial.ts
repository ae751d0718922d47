import { type CurveBase, fraction, type Kind, past, positive } from "../kind.ts";

export interface PolynomialCurve extends CurveBase {
  readonly kind: "polynomial";
  readonly power: number;
  readonly floor: number;
}

/**
 * A power of the share that remains, met by the floor at k = T, one step after the last. With past=continue it
 * starts again, each time on a line to the next multiple of T, as Keras has it with cycle=True.
 */
export const polynomial: Kind<PolynomialCurve> = {
  summary: "a power of the share of steps that remains, down to a floor",
  formula: String.raw`f(k) = \mathrm{floor} + (1 - \mathrm{floor}) \left(1 - \frac{k}{T}\right)^{\mathrm{power}}`,
  source: "torch.optim.lr_scheduler.PolynomialLR (floor 0); optax.polynomial_schedule; Keras PolynomialDecay",
  parameters: [
    {
      name: "power",
      meaning: "1 is a straight line, 2 bends early",
      takes: { number: positive },
      default: 1,
    },
    { name: "floor", meaning: "factor after the last step", takes: { number: fraction }, default: 0 },
    past,
  ],
  factor({ steps, power, floor }, k) {
    const T = steps * Math.max(1, Math.ceil(k / steps));
    return floor + (1 - floor) * ((T - k) / T) ** power;
  },
};

import { type CurveBase, type Kind, nonNegative, past, positive } from "../kind.ts";

export interface InverseTimeCurve extends CurveBase {
  readonly kind: "inverse-time";
  readonly rate: number;
  readonly every: number;
  readonly stairs?: "no" | "yes";
}

/** Time-based decay: the classical 1/t of stochastic approximation, from the peak at k = 0. */
export const inverseTime: Kind<InverseTimeCurve> = {
  summary: "time-based decay: one over a line in time",
  formula: String.raw`f(k) = \frac{1}{1 + \mathrm{rate} \cdot k / \mathrm{every}}`,
  source: "Robbins & Monro, Ann. Math. Stat. 22 (1951); Keras InverseTimeDecay",
  parameters: [
    { name: "rate", meaning: "growth of the denominator over every steps", takes: { number: nonNegative } },
    { name: "every", meaning: "Keras's decay_steps", takes: { number: positive }, default: 1 },
    {
      name: "stairs",
      meaning: "whether it falls only at whole multiples of every",
      takes: { words: ["no", "yes"] },
      default: { derived: "no", from: () => undefined },
    },
    past,
  ],
  factor: ({ rate, every, stairs }, k) =>
    1 / (1 + rate * (stairs === "yes" ? Math.floor(k / every) : k / every)),
};

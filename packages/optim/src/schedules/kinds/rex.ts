import { type CurveBase, fraction, type Kind } from "../kind.ts";

export interface RexCurve extends CurveBase {
  readonly kind: "rex";
  readonly floor: number;
}

/** Reflected exponential: slower than a line at first, steeper at the end, for runs of any budget. */
export const rex: Kind<RexCurve> = {
  summary: "reflected exponential: late and steep, good over small budgets",
  formula: String.raw`f(k) = \mathrm{floor} + (1 - \mathrm{floor}) \frac{1 - k/T}{1 - k/(2T)}`,
  source: "Chen et al., arXiv:2107.04197, section 4",
  parameters: [
    { name: "floor", meaning: "factor after the last step", takes: { number: fraction }, default: 0 },
  ],
  factor: ({ steps, floor }, k) => floor + (1 - floor) * ((2 * (steps - k)) / (2 * steps - k)),
};

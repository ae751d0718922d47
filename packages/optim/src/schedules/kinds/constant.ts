import { type CurveBase, fraction, type Kind } from "../kind.ts";

export interface ConstantCurve extends CurveBase {
  readonly kind: "constant";
  readonly factor: number;
}

/** The peak itself, or a fixed share of it. */
export const constant: Kind<ConstantCurve> = {
  summary: "the same factor at every step",
  formula: String.raw`f(k) = \mathrm{factor}`,
  source: "torch.optim.lr_scheduler.ConstantLR, without its switch at the end",
  parameters: [{ name: "factor", meaning: "share of the peak", takes: { number: fraction }, default: 1 }],
  factor: ({ factor }) => factor,
};

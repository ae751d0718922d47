import { type CurveBase, type Kind, nonNegative } from "../kind.ts";

export interface ConstantCurve extends CurveBase {
  readonly kind: "constant";
  readonly factor: number;
}

/** The peak itself, or a fixed multiple of it. */
export const constant: Kind<ConstantCurve> = {
  summary: "the same factor at every step",
  formula: String.raw`f(k) = \mathrm{factor}`,
  source: "torch.optim.lr_scheduler.ConstantLR, without its switch at the end",
  parameters: [
    { name: "factor", meaning: "multiple of the base value", takes: { number: nonNegative }, default: 1 },
  ],
  factor: ({ factor }) => factor,
};

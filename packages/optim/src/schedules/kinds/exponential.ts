import { type CurveBase, decayRate, type Kind } from "../kind.ts";

export interface ExponentialCurve extends CurveBase {
  readonly kind: "exponential";
  readonly gamma: number;
}

/** The same ratio from each step to the next. */
export const exponential: Kind<ExponentialCurve> = {
  summary: "multiplied by gamma at every step",
  formula: String.raw`f(k) = \mathrm{gamma}^k`,
  source: "torch.optim.lr_scheduler.ExponentialLR",
  parameters: [{ name: "gamma", meaning: "factor from one step to the next", takes: { number: decayRate } }],
  factor: ({ gamma }, k) => gamma ** k,
};

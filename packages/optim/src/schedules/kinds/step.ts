import { type CurveBase, decayRate, type Kind, past, positiveCount } from "../kind.ts";

export interface StepCurve extends CurveBase {
  readonly kind: "step";
  readonly every: number;
  readonly gamma: number;
}

/** A staircase going down. */
export const step: Kind<StepCurve> = {
  summary: "a staircase: multiplied by gamma every so many steps",
  formula: String.raw`f(k) = \mathrm{gamma}^{\lfloor k / \mathrm{every} \rfloor}`,
  source: "torch.optim.lr_scheduler.StepLR",
  parameters: [
    { name: "every", meaning: "length of a stair", takes: { count: positiveCount } },
    {
      name: "gamma",
      meaning: "factor from one stair to the next",
      takes: { number: decayRate },
      default: 0.1,
    },
    past,
  ],
  factor: ({ every, gamma }, k) => gamma ** Math.floor(k / every),
};

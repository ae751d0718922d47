import { type Cooldown, cooldowns, refuseShape, shapeParameter } from "../cooldown.ts";
import { type CurveBase, fraction, type Kind } from "../kind.ts";

export interface CooldownCurve extends CurveBase {
  readonly kind: "cooldown";
  readonly shape: Cooldown;
  readonly floor: number;
}

/** The fall at the end of a plateau, alone: it cools a run that was kept at its peak for as long as one liked. */
export const cooldown: Kind<CooldownCurve> = {
  summary: "the fall of wsd alone, to end a plateau at any time",
  formula: String.raw`f(k) = \mathrm{floor} + (1 - \mathrm{floor})\, s(k / T), \quad s(q) = 1 - \sqrt q,\ 1 - q,\ \tfrac{1 + \cos \pi q}{2},\ 1 - q^2; \quad \text{exponential: } \mathrm{floor}^{k / T}`,
  source: "Hägele et al., arXiv:2405.18392",
  parameters: [
    shapeParameter,
    { name: "floor", meaning: "factor after the last step", takes: { number: fraction }, default: 0 },
  ],
  factor: ({ steps, shape, floor }, k) => cooldowns[shape](k, steps, floor),
  refuse: ({ shape, floor }) => refuseShape(shape, floor),
};

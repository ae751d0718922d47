/**
 * The ways to cool down: from the peak at k = 0 to the floor at k = D, the floor honoured by every one of them.
 *
 * With q = k/D:  linear 1 − q,  cosine (1 + cos πq)/2,  sqrt 1 − √q,  square 1 − q²,  mirror-cosine twice the line minus the
 * cosine, each stretched to end on the floor; exponential floor^q, which needs a floor above 0.
 *
 * Source  Hägele et al., arXiv:2405.18392, who find sqrt best; Hu et al., arXiv:2404.06395, the exponential.
 * Differs kozistr/pytorch_optimizer falls to 0 in three of the shapes and then jumps up to the floor.
 */
import { halfCosine, linearly } from "./interpolate.ts";
import type { Parameter, Refusal } from "./kind.ts";

const onto =
  (shape: (k: number, D: number) => number) =>
  (k: number, D: number, floor: number): number =>
    linearly(floor, 1, shape(k, D), 1);

export const cooldowns = {
  sqrt: onto((k, D) => 1 - Math.sqrt(k / D)),
  linear: onto((k, D) => (D - k) / D),
  cosine: onto(halfCosine),
  square: onto((k, D) => 1 - (k / D) ** 2),
  exponential: (k: number, D: number, floor: number) => floor ** (k / D),
  "mirror-cosine": onto((k, D) => (2 * (D - k)) / D - halfCosine(k, D)),
};

export type Cooldown = keyof typeof cooldowns;

export const shapeParameter: Parameter = {
  name: "shape",
  meaning: "the form of the fall",
  takes: { words: Object.keys(cooldowns) },
  default: "sqrt",
};

export function refuseShape(shape: Cooldown, floor: number): Refusal | undefined {
  if (shape !== "exponential" || floor > 0) return undefined;
  return {
    parameter: "shape",
    reason: `an exponential fall never reaches 0, so it needs a floor above 0, such as floor=0.01: current value is ${floor}`,
  };
}

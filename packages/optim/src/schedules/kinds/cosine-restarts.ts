import { alongCosine } from "../interpolate.ts";
import { atLeastOne, type CurveBase, decayRate, fraction, type Kind, past, positiveCount } from "../kind.ts";

export interface CosineRestartsCurve extends CurveBase {
  readonly kind: "cosine-restarts";
  readonly first: number;
  readonly mult: number;
  readonly floor: number;
  readonly decay: number;
}

/**
 * Half cosines one after the other, each `mult` times as long as the one before it and `decay` times as high.
 *
 * With T₀ = first and m = mult, cycle n starts at Sₙ = T₀(mⁿ − 1)/(m − 1), or nT₀ where m = 1. The logarithm that
 * inverts this may be off by one at a restart, so the starts themselves decide.
 *
 * Differs  torch and Keras agree; Keras calls mult t_mul (2 by default) and decay m_mul. Where the curve ends on
 *          a restart it holds the floor there, not the peak of a cycle that never runs.
 */
export const cosineRestarts: Kind<CosineRestartsCurve> = {
  summary: "SGDR: half cosines from the peak to the floor, with warm restarts",
  formula: String.raw`f(k) = \mathrm{floor} + (1 - \mathrm{floor})\, \mathrm{decay}^n\, \frac{1 + \cos(\pi (k - S_n) / T_n)}{2}, \quad T_n = \mathrm{first} \cdot \mathrm{mult}^n, \quad S_n = \sum_{i<n} T_i \le k`,
  source:
    "Loshchilov & Hutter, arXiv:1608.03983; torch CosineAnnealingWarmRestarts; Keras CosineDecayRestarts",
  parameters: [
    { name: "first", meaning: "length of the first cycle, T_0", takes: { count: positiveCount } },
    {
      name: "mult",
      meaning: "each cycle's length over the last's, T_mult",
      takes: { number: atLeastOne },
      default: 1,
    },
    { name: "floor", meaning: "factor at the end of each cycle", takes: { number: fraction }, default: 0 },
    {
      name: "decay",
      meaning: "each cycle's height over the last's",
      takes: { number: decayRate },
      default: 1,
    },
    past,
  ],
  factor(curve, k) {
    const { first, mult, floor, decay, steps } = curve;
    let n =
      mult === 1 ? Math.floor(k / first) : Math.floor(Math.log1p((k * (mult - 1)) / first) / Math.log(mult));
    while (startOf(curve, n) > k) n--;
    while (startOf(curve, n + 1) <= k) n++;
    if (k === steps && n > 0 && startOf(curve, n) === k && curve.past !== "continue") n--;
    const height = decay ** n;
    const top = floor + (1 - floor) * height;
    return alongCosine(top, floor, k - startOf(curve, n), first * mult ** n);
  },
};

function startOf({ first, mult }: CosineRestartsCurve, n: number): number {
  return mult === 1 ? n * first : (first * (mult ** n - 1)) / (mult - 1);
}

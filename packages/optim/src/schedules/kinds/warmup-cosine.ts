import { alongCosine, halfCosine, linearly } from "../interpolate.ts";
import { type CurveBase, count, dialect, fraction, type Kind, positive, positiveCount } from "../kind.ts";

export interface WarmupCosineCurve extends CurveBase {
  readonly kind: "warmup-cosine";
  readonly warmup: number;
  /** Absent: what makes it end with the curve. */
  readonly decay?: number;
  readonly from: number;
  readonly floor: number;
  readonly exponent: number;
  readonly dialect?: "optax" | "keras";
}

/**
 * The warm-up and cosine of optax and Keras, for those who port code: it rises as k/W from its first value and
 * peaks at step W, one step later than `warmup(W) > cosine`.
 *
 * Differs  decay_steps includes the warm-up in optax (and the cosine has decay − warmup steps), not in Keras.
 */
export const warmupCosine: Kind<WarmupCosineCurve> = {
  summary: "optax's and Keras's warm-up and cosine in one, decay_steps as each counts them",
  formula: String.raw`f(k) = \begin{cases} \mathrm{from} + (1 - \mathrm{from}) \frac{k}{W} & k < W \\ \mathrm{floor} + (1 - \mathrm{floor}) \left(\frac{1 + \cos(\pi (k - W) / D)}{2}\right)^{\mathrm{exponent}} & \text{otherwise} \end{cases} \quad D = \mathrm{decay} - W \text{ (optax)},\ \mathrm{decay} \text{ (keras)}`,
  source: "optax.warmup_cosine_decay_schedule; Keras CosineDecay(warmup_target, warmup_steps)",
  parameters: [
    { name: "warmup", meaning: "W, steps of the rise", takes: { count } },
    {
      name: "decay",
      meaning: "decay_steps",
      takes: { count: positiveCount },
      default: { derived: "so that it ends with the curve", from: () => undefined },
    },
    { name: "from", meaning: "factor at the first step", takes: { number: fraction }, default: 0 },
    { name: "floor", meaning: "factor after the last step", takes: { number: fraction }, default: 0 },
    { name: "exponent", meaning: "power of the cosine", takes: { number: positive }, default: 1 },
    dialect("whether decay counts the warm-up in (optax) or not (keras)", "optax", "keras"),
  ],
  factor(curve, k) {
    const { warmup: W, from, floor, exponent } = curve;
    if (k < W) return linearly(from, 1, k, W);
    const D = fall(curve);
    const fallen = Math.min(k - W, D);
    if (exponent === 1) return alongCosine(1, floor, fallen, D);
    return linearly(floor, 1, halfCosine(fallen, D) ** exponent, 1);
  },
  refuse(curve) {
    const { steps, warmup, decay } = curve;
    const D = fall(curve);
    if (!(D > 0)) {
      const reason = `nothing is left to fall in: warmup = ${warmup} and ${decay === undefined ? `steps = ${steps}` : `decay = ${decay}, which counts the warm-up in (optax)`}`;
      return { parameter: "warmup", reason };
    }
    if (warmup + D <= steps) return undefined;
    const reason = `warmup = ${warmup} and the fall = ${D} must fit into its steps = ${steps} together`;
    return { parameter: "decay", reason };
  },
};

/** Length of the cosine. */
function fall({ steps, warmup, decay, dialect }: WarmupCosineCurve): number {
  if (decay === undefined) return steps - warmup;
  return dialect === "keras" ? decay : decay - warmup;
}

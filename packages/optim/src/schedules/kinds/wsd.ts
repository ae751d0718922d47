import { halfCosine, linearly } from "../interpolate.ts";
import { type CurveBase, count, fraction, type Kind } from "../kind.ts";

export interface WsdCurve extends CurveBase {
  readonly kind: "wsd";
  readonly warmup: number;
  readonly decay: number;
  readonly shape: keyof typeof shapes;
  readonly floor: number;
}

/** How the decay falls from 1 at k = 0 to 0 at k = D. */
const shapes = {
  sqrt: (k: number, D: number) => 1 - Math.sqrt(k / D),
  linear: (k: number, D: number) => (D - k) / D,
  cosine: halfCosine,
};

/** Warm-up, a plateau at the peak that can be prolonged at will, and a short decay: trained on, then cooled. */
export const wsd: Kind<WsdCurve> = {
  summary: "warm-up, stable, decay: a long plateau at the peak, cooled down at the end",
  formula: String.raw`f(k) = \begin{cases} \frac{k + 1}{W} & k < W \\ 1 & W \le k < T - D \\ \mathrm{floor} + (1 - \mathrm{floor})\, s\!\left(\frac{k - T + D}{D}\right) & \text{otherwise} \end{cases} \qquad s(q) = 1 - \sqrt q \;\text{(sqrt)}, \; 1 - q \;\text{(linear)}, \; \tfrac{1 + \cos \pi q}{2} \;\text{(cosine)}`,
  source: "Hu et al., arXiv:2404.06395, section 4; the sqrt shape from Hägele et al., arXiv:2405.18392",
  parameters: [
    {
      name: "warmup",
      meaning: "W, steps of linear rise",
      takes: { count },
      default: { derived: "5% of its steps", from: (steps) => Math.round(steps / 20) },
    },
    {
      name: "decay",
      meaning: "D, steps of the fall at the end",
      takes: { count },
      default: { derived: "20% of its steps", from: (steps) => Math.round(steps / 5) },
    },
    {
      name: "shape",
      meaning: "the form of the fall",
      takes: { words: Object.keys(shapes) },
      default: "sqrt",
    },
    { name: "floor", meaning: "factor after the last step", takes: { number: fraction }, default: 0 },
  ],
  factor({ steps, warmup, decay, shape, floor }, k) {
    if (k < warmup) return (k + 1) / warmup;
    const cooled = k - (steps - decay);
    return cooled <= 0 ? 1 : linearly(floor, 1, shapes[shape](cooled, decay), 1);
  },
  refuse({ steps, warmup, decay }) {
    if (warmup + decay <= steps) return undefined;
    const reason = `warmup = ${warmup} and decay = ${decay} must fit into its steps = ${steps} together`;
    return { parameter: warmup > steps ? "warmup" : "decay", reason };
  },
};

import { type Cooldown, cooldowns, refuseShape, shapeParameter } from "../cooldown.ts";
import { type CurveBase, count, fraction, type Kind, type Refusal } from "../kind.ts";

interface Plateau extends CurveBase {
  readonly warmup: number;
  readonly decay: number;
  readonly floor: number;
}

export interface WsdCurve extends Plateau {
  readonly kind: "wsd";
  readonly shape: Cooldown;
}

export interface TrapezoidCurve extends Plateau {
  readonly kind: "trapezoid";
}

const share = (name: string, meaning: string, percent: number) => ({
  name,
  meaning,
  takes: { count },
  default: {
    derived: `${percent}% of its steps`,
    from: (steps: number) => Math.round((steps * percent) / 100),
  },
});

const floor = {
  name: "floor",
  meaning: "factor after the last step",
  takes: { number: fraction },
  default: 0,
};

/** Warm-up, a plateau at the peak that can be prolonged at will, and a short decay: trained on, then cooled. */
export const wsd: Kind<WsdCurve> = {
  summary: "warm-up, stable, decay: a long plateau at the peak, cooled down at the end",
  formula: String.raw`f(k) = \begin{cases} \frac{k + 1}{W} & k < W \\ 1 & W \le k < T - D \\ \mathrm{floor} + (1 - \mathrm{floor})\, s\!\left(\frac{k - T + D}{D}\right) & \text{otherwise} \end{cases} \qquad s(q) = 1 - \sqrt q,\ 1 - q,\ \tfrac{1 + \cos \pi q}{2},\ 1 - q^2; \quad \text{exponential: } \mathrm{floor}^q`,
  source: "Hu et al., arXiv:2404.06395, section 4; the sqrt shape from Hägele et al., arXiv:2405.18392",
  parameters: [
    share("warmup", "W, steps of linear rise", 5),
    share("decay", "D, steps of the fall at the end", 20),
    shapeParameter,
    floor,
  ],
  factor: (curve, k) => plateau(curve, curve.shape, k),
  refuse: (curve) => refuse(curve) ?? refuseShape(curve.shape, curve.floor),
};

/** The same in straight lines, with a decay as long as those who use it like. */
export const trapezoid: Kind<TrapezoidCurve> = {
  summary: "a straight rise, the peak, a straight fall",
  formula: String.raw`f(k) = \begin{cases} \frac{k + 1}{W} & k < W \\ 1 & W \le k < T - D \\ \mathrm{floor} + (1 - \mathrm{floor}) \frac{T - k}{D} & \text{otherwise} \end{cases}`,
  source: "Xing et al., arXiv:1802.08770, section 5; KellerJordan/modded-nanogpt",
  parameters: [share("warmup", "W, steps of the rise", 5), share("decay", "D, steps of the fall", 30), floor],
  factor: (curve, k) => plateau(curve, "linear", k),
  refuse,
};

function plateau({ steps, warmup, decay, floor }: Plateau, shape: Cooldown, k: number): number {
  if (k < warmup) return (k + 1) / warmup;
  const cooled = k - (steps - decay);
  return cooled <= 0 ? 1 : cooldowns[shape](cooled, decay, floor);
}

function refuse({ steps, warmup, decay }: Plateau): Refusal | undefined {
  if (warmup + decay <= steps) return undefined;
  const reason = `warmup = ${warmup} and decay = ${decay} must fit into its steps = ${steps} together`;
  return { parameter: warmup > steps ? "warmup" : "decay", reason };
}

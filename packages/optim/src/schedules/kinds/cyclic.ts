import {
  type CurveBase,
  decayRate,
  fraction,
  type Kind,
  type Parameter,
  past,
  positiveCount,
} from "../kind.ts";

interface Wave extends CurveBase {
  readonly up: number;
  /** Absent: as long as up. */
  readonly down?: number;
  readonly mode: "triangular" | "triangular2" | "exp_range";
  readonly gamma: number;
}

export interface CyclicCurve extends Wave {
  readonly kind: "cyclic";
  readonly low: number;
}

export interface CyclicMomentumCurve extends Wave {
  readonly kind: "cyclic-momentum";
  readonly low: number;
  readonly high: number;
}

const waveParameters: readonly Parameter[] = [
  {
    name: "up",
    meaning: "steps from the low end to the high",
    takes: { count: positiveCount },
    default: 2000,
  },
  {
    name: "down",
    meaning: "steps back to the low end",
    takes: { count: positiveCount },
    default: { derived: "up", from: () => undefined },
  },
  {
    name: "mode",
    meaning: "every cycle the same; each half as high; or shrinking by gamma at every step",
    takes: { words: ["triangular", "triangular2", "exp_range"] },
    default: "triangular",
  },
  { name: "gamma", meaning: "of exp_range", takes: { number: decayRate }, default: 1 },
  past,
];

/** How far up the triangle is at step k, from 0 to 1, its shrinking included. */
function wave({ up, down = up, mode, gamma }: Wave, k: number): number {
  const length = up + down;
  const cycle = Math.floor(k / length); // from 0
  const within = k - cycle * length;
  const height = within <= up ? within / up : (length - within) / down;
  if (mode === "triangular2") return height / 2 ** cycle;
  return mode === "exp_range" ? height * gamma ** k : height;
}

const WAVE = String.raw`\quad r = k \bmod (\mathrm{up} + \mathrm{down}), \quad s(k) = \min\left(\frac{r}{\mathrm{up}}, \frac{\mathrm{up} + \mathrm{down} - r}{\mathrm{down}}\right) \cdot \{1,\ 2^{-\mathrm{cycle}},\ \mathrm{gamma}^k\}`;

/** Triangles between a low share of the peak and the peak. */
export const cyclic: Kind<CyclicCurve> = {
  summary: "triangles between a low share of the peak and the peak",
  formula: String.raw`f(k) = \mathrm{low} + (1 - \mathrm{low})\, s(k), ${WAVE}`,
  source: "Smith, arXiv:1506.01186; torch.optim.lr_scheduler.CyclicLR, whose base_lr / max_lr is low",
  parameters: [
    {
      name: "low",
      meaning: "the low end, as a share of the peak",
      takes: { number: fraction },
      default: 0.25,
    },
    ...waveParameters,
  ],
  factor: (curve, k) => curve.low + (1 - curve.low) * wave(curve, k),
};

/** CyclicLR's momentum: high while the rate is low. Its factor is of `high`, which the base value should be. */
export const cyclicMomentum: Kind<CyclicMomentumCurve> = {
  summary: "cyclic upside down, for the momentum: high while the rate is low",
  formula: String.raw`f(k) = 1 - \left(1 - \frac{\mathrm{low}}{\mathrm{high}}\right) s(k), ${WAVE}`,
  source: "torch.optim.lr_scheduler.CyclicLR(base_momentum=low, max_momentum=high)",
  parameters: [
    {
      name: "low",
      meaning: "least momentum, at the peak of the rate",
      takes: { number: fraction },
      default: 0.8,
    },
    { name: "high", meaning: "most momentum, the base value", takes: { number: decayRate }, default: 0.9 },
    ...waveParameters,
  ],
  factor: (curve, k) => (curve.high - (curve.high - curve.low) * wave(curve, k)) / curve.high,
  refuse: ({ low, high }) =>
    low <= high ? undefined : { parameter: "low", reason: `low = ${low} must not be above high = ${high}` },
};

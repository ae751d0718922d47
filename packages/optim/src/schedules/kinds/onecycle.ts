import { alongCosine, linearly } from "../interpolate.ts";
import {
  atLeastOne,
  type CurveBase,
  decayRate,
  dialect,
  fraction,
  type Kind,
  type Parameter,
  proportion,
  type Refusal,
} from "../kind.ts";

interface Cycle extends CurveBase {
  readonly pct: number;
  readonly anneal: "cos" | "linear";
  readonly phases: 2 | 3;
  readonly dialect?: "torch" | "optax";
  /** Where optax's second phase of three ends, as a share of the steps; absent: 0.85. */
  readonly pctFinal?: number;
}

export interface OneCycleCurve extends Cycle {
  readonly kind: "onecycle";
  readonly div: number;
  readonly finalDiv: number;
}

export interface OneCycleMomentumCurve extends Cycle {
  readonly kind: "onecycle-momentum";
  readonly low: number;
  readonly high: number;
}

const cycleParameters: readonly Parameter[] = [
  {
    name: "anneal",
    meaning: "how it goes between them",
    takes: { words: ["cos", "linear"] },
    default: "cos",
  },
  {
    name: "phases",
    meaning: "2: straight to the last value; 3: first down to the first value again",
    takes: { number: { words: "2 or 3", contains: (x) => x === 2 || x === 3 } },
    default: 2,
  },
  {
    name: "pctFinal",
    meaning: "where optax's second of three phases ends",
    takes: { number: proportion },
    default: { derived: "0.85", from: () => undefined },
  },
  dialect("torch peaks at pct·T − 1 and ends at T − 1; optax at ⌊pct·T⌋ and at T", "torch", "optax"),
];

const pct: Parameter = {
  name: "pct",
  meaning: "share of the steps spent rising",
  takes: { number: proportion },
  default: 0.3,
};

/**
 * Up to the peak and far down again, as torch's OneCycleLR has it. With low = 1/div and last = low/finalDiv:
 *
 *   two phases     low → 1 over [0, pct·T − 1],  1 → last over [pct·T − 1, T − 1]
 *   three phases   low → 1 over [0, pct·T − 1],  1 → low up to 2·pct·T − 2,  low → last up to T − 1
 *
 * Phase ends need not be whole: the peak may fall between two steps. Past the end it holds the last value, where
 * torch would rise again for one step.
 *
 * Differs  `dialect=optax` has whole phase ends ⌊pct·T⌋, ⌊pctFinal·T⌋ and T: cosine_onecycle_schedule with two
 *          phases, linear_onecycle_schedule with three and anneal=linear.
 */
export const onecycle: Kind<OneCycleCurve> = {
  summary: "a rise to the peak and a longer fall far below the start",
  formula: String.raw`f(k) = \begin{cases} a(\tfrac{1}{\mathrm{div}}, 1; \tfrac{k}{m}) & k \le m = \mathrm{pct}\,T - 1 \\ a(1, \tfrac{1}{\mathrm{div}\,\mathrm{finalDiv}}; \tfrac{k - m}{T - 1 - m}) & \text{otherwise} \end{cases} \qquad a(x, y; q) = y + (x - y) \tfrac{1 + \cos \pi q}{2}`,
  source:
    "Smith & Topin, arXiv:1708.07120; torch.optim.lr_scheduler.OneCycleLR; optax.cosine_onecycle_schedule",
  parameters: [
    pct,
    { name: "div", meaning: "the peak over the first value", takes: { number: atLeastOne }, default: 25 },
    {
      name: "finalDiv",
      meaning: "the first value over the last",
      takes: { number: atLeastOne },
      default: 1e4,
    },
    ...cycleParameters,
  ],
  factor(curve, k) {
    const low = 1 / curve.div;
    const last = 1 / (curve.div * curve.finalDiv);
    return follow(curve, k, low, 1, low, last);
  },
  refuse,
};

/**
 * OneCycleLR's momentum: from high down to low where the rate peaks, and back. Its factor is of `high`, which the
 * base value should be.
 */
export const onecycleMomentum: Kind<OneCycleMomentumCurve> = {
  summary: "onecycle upside down, for the momentum: low while the rate is high",
  formula: String.raw`f(k) = \begin{cases} a(1, \tfrac{\mathrm{low}}{\mathrm{high}}; \tfrac{k}{m}) & k \le m = \mathrm{pct}\,T - 1 \\ a(\tfrac{\mathrm{low}}{\mathrm{high}}, 1; \tfrac{k - m}{T - 1 - m}) & \text{otherwise} \end{cases} \qquad a(x, y; q) = y + (x - y) \tfrac{1 + \cos \pi q}{2}`,
  source: "torch.optim.lr_scheduler.OneCycleLR(base_momentum=low, max_momentum=high)",
  parameters: [
    pct,
    {
      name: "low",
      meaning: "least momentum, at the peak of the rate",
      takes: { number: fraction },
      default: 0.85,
    },
    { name: "high", meaning: "most momentum, the base value", takes: { number: decayRate }, default: 0.95 },
    ...cycleParameters,
  ],
  factor: (curve, k) => follow(curve, k, 1, curve.low / curve.high, 1, 1),
  refuse(curve) {
    const { low, high } = curve;
    if (low > high) return { parameter: "low", reason: `low = ${low} must not be above high = ${high}` };
    return refuse(curve);
  },
};

/** The value at step k on the way from `start` over `peak` to `last`; of three phases the second ends at `again`. */
function follow(curve: Cycle, k: number, start: number, peak: number, again: number, last: number): number {
  const go = curve.anneal === "cos" ? alongCosine : linearly;
  const [first, second, third] = phaseEnds(curve);
  if (k <= first) return go(start, peak, k, first);
  const to = third === undefined ? last : again;
  if (k <= second) return go(peak, to, k - first, second - first);
  return third !== undefined && k <= third ? go(again, last, k - second, third - second) : last;
}

/** The step at which each phase ends; it need not be whole. */
function phaseEnds({ steps: T, pct, phases, dialect, pctFinal = 0.85 }: Cycle): [number, number, number?] {
  if (dialect === "optax") {
    const top = Math.floor(pct * T);
    return phases === 2 ? [top, T] : [top, Math.floor(pctFinal * T), T];
  }
  return phases === 2 ? [pct * T - 1, T - 1] : [pct * T - 1, 2 * pct * T - 2, T - 1];
}

function refuse(curve: Cycle): Refusal | undefined {
  const { steps, pct } = curve;
  const [first, ...later] = phaseEnds(curve);
  if (!(first > 0)) {
    const least = curve.dialect === "optax" ? Math.ceil(1 / pct) : Math.floor(1 / pct) + 1;
    const reason = `one cycle with pct = ${pct} needs at least ${least} steps to rise, or a larger pct: it has ${steps}`;
    return { parameter: "steps", reason };
  }
  let start = first;
  for (const end of later) {
    if (end === undefined) break;
    if (!(end > start)) {
      const reason = `one cycle of ${steps} steps with pct = ${pct} leaves nothing to fall in: a phase would go from step ${start} to step ${end}`;
      return { parameter: "pct", reason };
    }
    start = end;
  }
  return undefined;
}

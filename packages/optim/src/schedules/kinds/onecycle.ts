import { alongCosine, linearly } from "../interpolate.ts";
import { atLeastOne, type CurveBase, type Kind, proportion } from "../kind.ts";

export interface OneCycleCurve extends CurveBase {
  readonly kind: "onecycle";
  readonly pct: number;
  readonly div: number;
  readonly finalDiv: number;
  readonly anneal: "cos" | "linear";
  readonly phases: 2 | 3;
}

/**
 * Up to the peak and far down again, as torch's OneCycleLR has it. With low = 1/div and last = low/finalDiv:
 *
 *   two phases     low → 1 over [0, pct·T − 1],  1 → last over [pct·T − 1, T − 1]
 *   three phases   low → 1 over [0, pct·T − 1],  1 → low up to 2·pct·T − 2,  low → last up to T − 1
 *
 * Phase ends need not be whole: the peak may fall between two steps.
 *
 * Differs  optax's onecycle puts the peak at ⌊pct·T⌋ and the end at T. The factor is for the learning rate
 *          alone: torch also cycles the momentum.
 */
export const onecycle: Kind<OneCycleCurve> = {
  summary: "a rise to the peak and a longer fall far below the start",
  formula: String.raw`f(k) = \begin{cases} a(\tfrac{1}{\mathrm{div}}, 1; \tfrac{k}{m}) & k \le m = \mathrm{pct}\,T - 1 \\ a(1, \tfrac{1}{\mathrm{div}\,\mathrm{finalDiv}}; \tfrac{k - m}{T - 1 - m}) & \text{otherwise} \end{cases} \qquad a(x, y; q) = y + (x - y) \tfrac{1 + \cos \pi q}{2}`,
  source: "Smith & Topin, arXiv:1708.07120; torch.optim.lr_scheduler.OneCycleLR",
  parameters: [
    { name: "pct", meaning: "share of the steps spent rising", takes: { number: proportion }, default: 0.3 },
    { name: "div", meaning: "the peak over the first value", takes: { number: atLeastOne }, default: 25 },
    {
      name: "finalDiv",
      meaning: "the first value over the last",
      takes: { number: atLeastOne },
      default: 1e4,
    },
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
  ],
  factor(curve, k) {
    const go = curve.anneal === "cos" ? alongCosine : linearly;
    let start = 0;
    let a = 1 / curve.div;
    for (const [end, b] of phases(curve)) {
      if (k <= end) return go(a, b, k - start, end - start);
      [start, a] = [end, b];
    }
    return a;
  },
  refuse(curve) {
    const { steps, pct } = curve;
    const [first, ...later] = phases(curve);
    if (!(first[0] > 0)) {
      const least = Math.floor(1 / pct) + 1;
      const reason = `one cycle with pct = ${pct} needs at least ${least} steps to rise, or a larger pct: it has ${steps}`;
      return { parameter: "steps", reason };
    }
    let start = first[0];
    for (const [end] of later) {
      if (!(end > start)) {
        const reason = `one cycle of ${steps} steps with pct = ${pct} leaves nothing to fall in: a phase would go from step ${start} to step ${end}`;
        return { parameter: "pct", reason };
      }
      start = end;
    }
    return undefined;
  },
};

type Phase = readonly [end: number, factor: number];

/** Each phase's end, a step that need not be whole, and the factor there. */
function phases({ steps, pct, div, finalDiv, phases }: OneCycleCurve): [Phase, ...Phase[]] {
  const top: Phase = [pct * steps - 1, 1];
  const last: Phase = [steps - 1, 1 / (div * finalDiv)];
  return phases === 2 ? [top, last] : [top, [2 * pct * steps - 2, 1 / div], last];
}

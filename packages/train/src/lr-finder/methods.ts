/**
 * The suggestion methods by the names of their tools: which convention smooths and ends the curve, what is trimmed, and which
 * reading of it is taken. One recording serves all, so that they can be compared on the same run.
 */
import type { RangeTest } from "./range-test.ts";
import { type Convention, conventions, smoothedCurve } from "./smoothing.ts";
import {
  type LossCurve,
  minimumOverTen,
  movingSlopes,
  slide,
  steep,
  steepestBeforeMinimum,
  steepestPerRate,
  steepestPerStep,
  valley,
} from "./suggestions.ts";

export interface Method {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  /** The suggested rate; undefined where the tool has none, or would raise. */
  suggest(test: RangeTest): number | undefined;
}

const FASTAI = "fastai/fastai, callback/schedule.py";
const LIGHTNING = "Lightning-AI/pytorch-lightning, tuner/lr_finder.py";

const fastai = (name: string, summary: string, read: (curve: LossCurve) => number | undefined): Method => ({
  name: `fastai.${name}`,
  summary,
  source: FASTAI,
  suggest: (test) => read(fastaiCurve(test)),
});

export const methods: readonly Method[] = [
  fastai("valley", "half-way down the longest valley", valley),
  fastai("slide", "left of where the slope changes, from the right", slide),
  fastai("steep", "steepest fall per ln lr", steep),
  fastai("minimum", "a tenth of the rate of the lowest loss", minimumOverTen),
  {
    name: "torch-lr-finder",
    summary: "steepest fall per step",
    source: "davidtvs/pytorch-lr-finder, lr_finder.py",
    suggest: (test) => steepestPerStep(trimmed(recorded(test, conventions["torch-lr-finder"]), 10, 5)),
  },
  {
    name: "ignite",
    summary: "steepest fall per step before the lowest loss",
    source: "pytorch/ignite, handlers/lr_finder.py",
    suggest: (test) => steepestBeforeMinimum(recorded(test, conventions["torch-lr-finder"])),
  },
  {
    name: "lightning<2.5.3",
    summary: "steepest fall per step",
    source: LIGHTNING,
    suggest: (test) => lightningBefore(trimmed(recorded(test, conventions.lightning), 10, 1)),
  },
  {
    name: "lightning>=2.5.3",
    summary: "steepest fall per unit of lr",
    source: `${LIGHTNING}; its issue #21141 reports what goes wrong`,
    suggest: (test) => steepestPerRate(finite(trimmed(recorded(test, conventions.lightning), 10, 1))),
  },
  {
    name: "keras-lr-finder",
    summary: "steepest fall over 20 steps",
    source: "surmenok/keras_lr_finder, get_best_lr(sma=20)",
    suggest: (test) => kerasBest(recorded(test, conventions.keras)),
  },
];

/** What the tool's recorder would hold. After a NaN that does not stop it, a tool runs on and records NaN. */
function recorded({ rates, losses }: RangeTest, convention: Convention): LossCurve {
  const goesOn = Number.isNaN(losses.at(-1));
  const all = goesOn
    ? [...losses, ...new Array<number>(rates.length - losses.length).fill(Number.NaN)]
    : losses;
  const smoothed = smoothedCurve(convention, all);
  return { rates: rates.slice(0, smoothed.length), losses: smoothed };
}

/** Without the first `start` and the last `end` points, as Python's [start:-end]. */
const trimmed = ({ rates, losses }: LossCurve, start: number, end: number): LossCurve => ({
  rates: rates.slice(start, -end),
  losses: losses.slice(start, -end),
});

/** fastai trims a tenth of the planned steps and the last five, and cuts at the first NaN. */
function fastaiCurve(test: RangeTest): LossCurve {
  const { rates, losses } = trimmed(
    recorded(test, conventions.fastai),
    Math.floor(test.rates.length / 10),
    5,
  );
  const nan = losses.findIndex(Number.isNaN);
  return nan < 0 ? { rates, losses } : { rates: rates.slice(0, nan), losses: losses.slice(0, nan) };
}

const finite = ({ rates, losses }: LossCurve): LossCurve => ({
  rates: rates.filter((_, i) => Number.isFinite(losses[i])),
  losses: losses.filter(Number.isFinite),
});

/** The index is found among the finite losses and used among all; the two agree as long as only the tail is not finite. */
function lightningBefore({ rates, losses }: LossCurve): number | undefined {
  const kept = losses.filter(Number.isFinite);
  return steepestPerStep({ rates: rates.slice(0, kept.length), losses: kept });
}

/** The slopes are of the whole curve; ten points at the start and five at the end are left out of the search. */
function kerasBest(curve: LossCurve): number | undefined {
  const { rates, losses: slopes } = trimmed(
    { rates: curve.rates, losses: movingSlopes(curve.losses, 20) },
    10,
    5,
  );
  if (slopes.length === 0 || slopes.some(Number.isNaN)) return undefined;
  return rates[slopes.indexOf(Math.min(...slopes))];
}

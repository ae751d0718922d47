/**
 * Reduce on plateau: the one schedule that is told how training goes.
 *
 * It stays a function of the step, given its state, and the state is part of the curve: plain JSON with the drops so far and the
 * counters. `observe` is the reducer, (curve, step, metric) → curve; nothing is mutated, and whoever saves the curve, or its
 * state, resumes exactly. A drop that a metric measured after k updates causes is in force from update k on.
 */
import {
  type CurveBase,
  count,
  dialect,
  fraction,
  type Kind,
  nonNegative,
  type Parameter,
  positiveCount,
  proportion,
} from "../kind.ts";

export interface PlateauState {
  /** null before the first metric. */
  readonly best: number | null;
  /** Metrics in a row that were not better. */
  readonly bad: number;
  /** Metrics still to be ignored after a drop. */
  readonly cooldown: number;
  /** The metrics of the average under way. */
  readonly pending: { readonly count: number; readonly mean: number };
  /** From which step on which factor is in force; before the first, 1. */
  readonly drops: readonly (readonly [step: number, factor: number])[];
}

export interface PlateauCurve extends CurveBase {
  readonly kind: "plateau";
  readonly mode: "min" | "max";
  readonly gamma: number;
  readonly patience: number;
  readonly threshold: number;
  readonly compare?: "rel" | "abs";
  readonly cooldown: number;
  readonly floor: number;
  readonly eps: number;
  readonly average: number;
  readonly dialect?: "torch" | "optax" | "keras";
  /** Absent: no metric yet. */
  readonly state?: PlateauState;
}

const FRESH: PlateauState = { best: null, bad: 0, cooldown: 0, pending: { count: 0, mean: 0 }, drops: [] };

const evaluations = (name: string, meaning: string, value: number): Parameter => ({
  name,
  meaning,
  takes: { number: { words: "a whole number of evaluations, 0 or more", contains: count.contains } },
  default: value,
});

/**
 * Differs  torch drops once more than `patience` metrics in a row were not better, optax and Keras at the last of `patience`:
 *          one evaluation earlier. Keras compares absolutely and already counts the metric that ends a cooldown; only torch has
 *          eps. Here floor and eps are factors of the base value.
 */
export const plateau: Kind<PlateauCurve> = {
  summary:
    "falls by gamma whenever a metric stops improving; has a state, fed by schedule.after(step, metric)",
  formula: String.raw`f(k) = \max(\mathrm{floor}, \mathrm{gamma}^{n_k}), \quad n_k = \#\{\text{plateaus of more than patience evaluations seen by step } k\}`,
  source:
    "torch.optim.lr_scheduler.ReduceLROnPlateau; optax.contrib.reduce_on_plateau; Keras ReduceLROnPlateau",
  parameters: [
    {
      name: "mode",
      meaning: "whether less or more is better",
      takes: { words: ["min", "max"] },
      default: "min",
    },
    { name: "gamma", meaning: "factor of each drop", takes: { number: proportion }, default: 0.1 },
    evaluations("patience", "evaluations without improvement that are borne", 10),
    { name: "threshold", meaning: "improvement that counts", takes: { number: nonNegative }, default: 1e-4 },
    {
      name: "compare",
      meaning: "relative to the best, or absolutely",
      takes: { words: ["rel", "abs"] },
      default: { derived: "rel, in keras abs", from: () => undefined },
    },
    evaluations("cooldown", "evaluations ignored after a drop", 0),
    { name: "floor", meaning: "least factor", takes: { number: fraction }, default: 0 },
    {
      name: "eps",
      meaning: "torch: smaller drops are not made",
      takes: { number: nonNegative },
      default: 1e-8,
    },
    {
      name: "average",
      meaning: "metrics averaged into one, as optax's accumulation_size",
      takes: {
        number: { words: "a whole number of evaluations, at least 1", contains: positiveCount.contains },
      },
      default: 1,
    },
    dialect(
      "more than patience bad metrics in torch, exactly patience in optax and keras",
      "torch",
      "optax",
      "keras",
    ),
  ],
  factor: ({ state = FRESH }, k) => state.drops.findLast(([step]) => step <= k)?.[1] ?? 1,
  observe(curve, k, metric) {
    const { pending, ...state } = curve.state ?? FRESH;
    const count = pending.count + 1;
    const mean = (pending.count * pending.mean + metric) / count;
    if (count < curve.average) return { ...curve, state: { ...state, pending: { count, mean } } };
    return { ...curve, state: judge(curve, { ...state, pending: FRESH.pending }, k, mean) };
  },
};

/** One averaged metric, in the order of events of each library. */
function judge(curve: PlateauCurve, state: PlateauState, k: number, metric: number): PlateauState {
  const better = isBetter(curve, state.best, metric);
  const best = better ? metric : state.best;
  const keras = curve.dialect === "keras";
  const cooldown = Math.max(0, state.cooldown - 1);
  const ignored = keras ? cooldown > 0 : state.cooldown > 0;
  const bad = better || ignored ? 0 : (keras && state.cooldown > 0 ? 0 : state.bad) + 1;
  const next = { ...state, best, bad, cooldown };
  if (ignored || (keras && better) || !isOver(curve, bad)) return next;
  const before = state.drops.at(-1)?.[1] ?? 1;
  const after = Math.max(before * curve.gamma, curve.floor);
  const made =
    curve.dialect === undefined || curve.dialect === "torch" ? before - after > curve.eps : after < before;
  const drops = made ? [...state.drops, [k, after] as const] : state.drops;
  return { ...next, bad: 0, cooldown: made || !keras ? curve.cooldown : 0, drops };
}

function isOver({ patience, dialect = "torch" }: PlateauCurve, bad: number): boolean {
  if (dialect === "torch") return bad > patience;
  return dialect === "optax" ? bad === patience : bad >= patience;
}

/** NaN is never better. */
function isBetter(curve: PlateauCurve, best: number | null, metric: number): boolean {
  const { mode, threshold, dialect, compare = dialect === "keras" ? "abs" : "rel" } = curve;
  const sign = mode === "min" ? 1 : -1;
  if (best === null) return sign * metric < Infinity;
  const margin = compare === "abs" ? best - sign * threshold : best * (1 - sign * threshold);
  return sign * metric < sign * margin;
}

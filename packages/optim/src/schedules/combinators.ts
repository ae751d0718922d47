/**
 * The ways to make one curve of others: a list of equal things.
 *
 * Each says how long the whole is, what its factor is in terms of its parts', and on which clock a part runs at a given step.
 * A part's clock starts at 0 where the part starts; before that there is none.
 */
import type { Combination, Curve } from "./curve.ts";
import { atLeastOne, type Described, nonNegative, positiveCount, type Refusal } from "./kind.ts";

/** Parts one after the other. Parts of 0 steps are allowed and skipped, so that a sweep may set a warm-up to nothing. */
export interface SequenceCurve {
  readonly kind: "sequence";
  readonly parts: readonly Curve[];
}

export interface ProductCurve {
  readonly kind: "product";
  readonly parts: readonly Curve[];
}

export interface ScaleCurve {
  readonly kind: "scale";
  readonly factor: number;
  readonly of: Curve;
}

export interface ClampCurve {
  readonly kind: "clamp";
  readonly low: number;
  /** Absent: no bound above. */
  readonly high?: number;
  readonly of: Curve;
}

export interface ShiftCurve {
  readonly kind: "shift";
  readonly by: number;
  readonly of: Curve;
}

export interface RepeatCurve {
  readonly kind: "repeat";
  readonly times: number;
  readonly of: Curve;
}

export interface DuringCurve {
  readonly kind: "during";
  readonly steps: number;
  readonly of: Curve;
}

export interface EpochsCurve {
  readonly kind: "epochs";
  readonly stepsPerEpoch: number;
  readonly of: Curve;
}

type Length = (curve: Curve) => number;
type At = (curve: Curve, k: number) => number;

export interface Combinator<C extends Combination = Combination> extends Described {
  /** How it is written: `A > B`. */
  readonly usage: string;
  steps(curve: C, length: Length): number;
  factor(curve: C, k: number, at: At, length: Length): number;
  /** The step on the i-th part's clock; undefined while that part does not run. */
  clock(curve: C, i: number, k: number, length: Length): number | undefined;
  refuse?(curve: C, length: Length): Refusal | undefined;
}

const sequence: Combinator<SequenceCurve> = {
  usage: "A > B > C",
  summary: "parts one after the other, each on a clock of its own",
  formula: String.raw`f(k) = f_i(k - S_i), \quad S_i = \sum_{j<i} T_j \le k < S_{i+1}`,
  source: "optax.join_schedules; torch.optim.lr_scheduler.SequentialLR in its closed form",
  parameters: [],
  steps: ({ parts }, length) => parts.reduce((sum, part) => sum + length(part), 0),
  factor({ parts }, k, at, length) {
    const [i, start] = running(parts, k, length);
    return at(parts[i]!, k - start);
  },
  clock({ parts }, i, k, length) {
    const [now, start] = running(parts, k, length);
    return now === i ? k - start : undefined;
  },
};

/** The part that runs at step k, past the end the last one that has a step, and where it starts. */
function running(parts: readonly Curve[], k: number, length: Length): [index: number, start: number] {
  const ends = endsOf(parts, length);
  let [index, start] = [0, 0];
  for (let i = 0; i < ends.length; i++) {
    const before = i === 0 ? 0 : ends[i - 1]!;
    if (ends[i] === before) continue;
    [index, start] = [i, before];
    if (k < ends[i]!) break;
  }
  return [index, start];
}

/** Where each part ends. Curves are immutable, so this is found once and not at every step on every level of a tree. */
function endsOf(parts: readonly Curve[], length: Length): readonly number[] {
  let ends = knownEnds.get(parts);
  if (ends === undefined) {
    let end = 0;
    ends = parts.map((part) => {
      end += length(part);
      return end;
    });
    knownEnds.set(parts, ends);
  }
  return ends;
}

const knownEnds = new WeakMap<readonly Curve[], readonly number[]>();

const product: Combinator<ProductCurve> = {
  usage: "A * B",
  summary: "factors multiplied, all on the same clock",
  formula: String.raw`f(k) = \prod_i f_i(k)`,
  source: "torch.optim.lr_scheduler.ChainedScheduler",
  parameters: [],
  steps: ({ parts }, length) => Math.max(...parts.map(length)),
  factor: ({ parts }, k, at) => parts.reduce((value, part) => value * at(part, k), 1),
  clock: (_, __, k) => k,
};

const scale: Combinator<ScaleCurve> = {
  usage: "0.5 * A",
  summary: "a schedule times a number",
  formula: String.raw`f(k) = c\, f_A(k)`,
  source: "optax.scale of a schedule",
  parameters: [],
  steps: ({ of }, length) => length(of),
  factor: ({ factor, of }, k, at) => factor * at(of, k),
  clock: (_, __, k) => k,
  refuse: ({ factor }) =>
    nonNegative.contains(factor)
      ? undefined
      : { parameter: "factor", reason: `a scale must be ${nonNegative.words}: current value is ${factor}` },
};

const clamp: Combinator<ClampCurve> = {
  usage: "clamp(A, low=0.1)",
  summary: "a schedule kept between two values",
  formula: String.raw`f(k) = \min(\mathrm{high}, \max(\mathrm{low}, f_A(k)))`,
  source: "the floor of any schedule that has none",
  parameters: [
    { name: "low", meaning: "least factor", takes: { number: nonNegative }, default: 0 },
    {
      name: "high",
      meaning: "greatest factor",
      takes: { number: nonNegative },
      default: { derived: "none", from: () => undefined },
    },
  ],
  steps: ({ of }, length) => length(of),
  factor: ({ low, high = Infinity, of }, k, at) => Math.min(high, Math.max(low, at(of, k))),
  clock: (_, __, k) => k,
  refuse: ({ low, high = Infinity }) =>
    low <= high ? undefined : { parameter: "low", reason: `low = ${low} must not be above high = ${high}` },
};

const shift: Combinator<ShiftCurve> = {
  usage: "shift(A, by=100)",
  summary: "a schedule that starts later, holding its first value; with by < 0, in its middle",
  formula: String.raw`f(k) = f_A(\max(0, k - \mathrm{by}))`,
  source: "optax's transition_begin",
  parameters: [
    {
      name: "by",
      meaning: "steps of delay",
      takes: { count: { words: "a whole number of steps", contains: Number.isSafeInteger } },
    },
  ],
  steps: ({ by, of }, length) => Math.max(0, length(of) + by),
  factor: ({ by, of }, k, at) => at(of, Math.max(0, k - by)),
  clock: ({ by }, _, k) => (k >= by ? k - by : undefined),
};

const repeat: Combinator<RepeatCurve> = {
  usage: "repeat(A, times=3)",
  summary: "a schedule again and again; at the very end it holds its last value",
  formula: String.raw`f(k) = f_A(k \bmod T_A)`,
  source: "Loshchilov & Hutter, arXiv:1608.03983, for any shape",
  parameters: [
    {
      name: "times",
      meaning: "how often; fills the run if A has a length and this is left out",
      takes: {
        number: { words: positiveCount.words.replace(" of steps", ""), contains: positiveCount.contains },
      },
      default: { derived: "as often as fits", from: () => undefined },
    },
  ],
  steps: ({ times, of }, length) => times * length(of),
  factor({ times, of }, k, at, length) {
    const T = length(of);
    return at(of, k < times * T ? k % T : k - (times - 1) * T);
  },
  clock: () => undefined, // a plateau within is refused: it would have to keep a state per repetition
};

const during: Combinator<DuringCurve> = {
  usage: "during(A, steps=50)",
  summary: "a schedule for so many steps whatever its own length: cut off, or prolonged",
  formula: String.raw`f(k) = f_A(k), \quad T = \mathrm{steps}`,
  source: "a milestone of torch.optim.lr_scheduler.SequentialLR",
  parameters: [{ name: "steps", meaning: "how long it runs", takes: { count: positiveCount } }],
  steps: ({ steps }) => steps,
  factor: ({ steps, of }, k, at) => at(of, Math.min(k, steps)),
  clock: ({ steps }, _, k) => Math.min(k, steps),
};

const epochs: Combinator<EpochsCurve> = {
  usage: "epochs(A)",
  summary: "a schedule whose steps are epochs: its value changes once per epoch",
  formula: String.raw`f(k) = f_A(\lfloor k / \mathrm{stepsPerEpoch} \rfloor)`,
  source: "torch's custom of calling scheduler.step() once per epoch",
  parameters: [
    {
      name: "stepsPerEpoch",
      meaning: "updates in an epoch",
      takes: { number: { words: "finite and at least 1", contains: atLeastOne.contains } },
      default: { derived: "the run's", from: () => undefined },
    },
  ],
  steps: ({ stepsPerEpoch, of }, length) => Math.ceil(stepsPerEpoch * length(of)),
  factor: ({ stepsPerEpoch, of }, k, at) => at(of, Math.floor(k / stepsPerEpoch)),
  clock: ({ stepsPerEpoch }, _, k) => Math.floor(k / stepsPerEpoch),
};

/** Every way to combine, under its kind. */
export const combinators: Readonly<Record<Combination["kind"], Combinator>> = {
  sequence,
  product,
  scale,
  clamp,
  shift,
  repeat,
  during,
  epochs,
};

/** Those that the schedule language writes as name(A, …). */
export const wrappers = ["clamp", "shift", "repeat", "during", "epochs"] as const;

export type WrapperName = (typeof wrappers)[number];

export const isWrapperName = (name: string): name is WrapperName => wrappers.some((one) => one === name);

export const isCombination = (curve: Curve): curve is Combination => Object.hasOwn(combinators, curve.kind);

export const partsOf = (curve: Combination): readonly Curve[] =>
  "parts" in curve ? curve.parts : [curve.of];

export const withParts = (curve: Combination, parts: readonly Curve[]): Combination =>
  "parts" in curve ? { ...curve, parts } : { ...curve, of: parts[0]! };

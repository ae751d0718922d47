/**
 * Samplers: which configuration trial k of a study tries.
 *
 * Every suggestion is a pure function of (study seed, trial, dimension), so neither order nor parallelism can change it, and a
 * budget of k is the first k trials of any larger budget (a grid without levels of its own excepted, whose points depend on its size). Since `lr` is always dimension 0,
 * all rules of a study share its points, each scaled to its own range: common random numbers. A sampler places points in the unit cube; the space
 * turns them into values.
 *
 * Samplers that learn see what came of earlier trials besides: which ones is a function of the trial's number too (`tune.ts`). Their first points
 * are Halton's, which they share with all rules as the others do; from then on each rule goes where it did well.
 */
import { gpSuggester, type Suggester, tpeSuggester } from "@thalweg/optim";
import { type Stream, stream } from "@thalweg/random";
import { axisOf } from "./axes.ts";
import { coordinateStep } from "./coordinate.ts";
import { gridPlace, levelsOf } from "./grid.ts";
import { haltonCoordinate } from "./halton.ts";
import { sobolCoordinate } from "./sobol.ts";
import { type Configuration, dimensionOrder, type Space, unitOf, valueAt } from "./space.ts";

/** Where in the unit cube: coordinate `dimension` (of `dimensions`) of trial `trial` (of `budget`). */
export interface Place {
  studySeed: number;
  trial: number;
  dimension: number;
  dimensions: number;
  budget: number;
  /** Of a grid: how many levels each dimension has. */
  levels?: readonly number[];
}

export interface Sampler {
  title: string;
  source: string;
  /** The coordinate, in [0, 1]. */
  coordinate(place: Place): number;
  learns?: Learner;
}

/** Places the trials after the first round, by what came of those before. */
export interface Learner {
  /** Trials of the first round, which learns nothing. */
  first: number;
  /**
   * A place in the unit cube, in the order of `dimensionOrder`: pure. Undefined where it has nothing to suggest.
   *
   * @param random  of the trial
   */
  next(
    space: Space,
    tried: readonly Tried[],
    random: Stream,
    studySeed: number,
  ): ArrayLike<number> | undefined;
}

/** Trials that a model of the loss is fitted to at first. */
export const FIRST_TRIALS = 10;

/** A trial that was begun, and what came of it. */
export interface Tried {
  configuration: Configuration;
  /** What is minimised; ∞ where it failed; undefined while it runs. */
  value: number | undefined;
}

const learning = (suggester: Suggester): Sampler => ({
  title: `${FIRST_TRIALS} scrambled Halton points, then ${suggester.title}`,
  source: suggester.source,
  coordinate: ({ studySeed, trial, dimension }) => haltonCoordinate(studySeed, trial, dimension),
  learns: {
    first: FIRST_TRIALS,
    next: (space, tried, random) => learntPoint(suggester, space, tried, random),
  },
});

export const samplers = {
  halton: {
    title: "scrambled Halton points, shifted per study",
    source: "Bousquet et al., arXiv:1706.03200",
    coordinate: ({ studySeed, trial, dimension }) => haltonCoordinate(studySeed, trial, dimension),
  },
  sobol: {
    title: "Sobol points, scrambled per study as Owen does",
    source: "Joe & Kuo, SIAM J. Sci. Comput. 30 (2008) 2635–2654; Owen (1995)",
    coordinate: ({ studySeed, trial, dimension }) => sobolCoordinate(studySeed, trial, dimension),
  },
  random: {
    title: "independent uniform points",
    source: "Bergstra & Bengio, JMLR 13 (2012) 281–305",
    coordinate: ({ studySeed, trial, dimension }) =>
      stream(studySeed, "random search", trial, dimension).uniform(),
  },
  grid: {
    title: "a full factorial grid, ends included",
    source: "trial number in mixed radix; DeepOBS tunes so",
    coordinate: gridPlace,
  },
  tpe: learning(tpeSuggester({ startup: FIRST_TRIALS })),
  gp: learning(gpSuggester({ startup: FIRST_TRIALS })),
  coordinate: {
    title: "coordinate descent from the first trial, doubling and halving",
    source: "Wen, Hall, Ma & Liang, arXiv:2509.02046",
    coordinate: ({ studySeed, trial, dimension }) =>
      trial === 0 ? 0.5 : haltonCoordinate(studySeed, trial, dimension), // the latter where all that is near was tried
    learns: { first: 1, next: (space, tried, _, studySeed) => coordinateStep(space, tried, studySeed) },
  },
} as const satisfies Record<string, Sampler>;

export type SamplerName = keyof typeof samplers;

export interface Study {
  space: Space;
  studySeed: number;
  budget: number;
  sampler?: SamplerName;
  /** Trial 0 tries exactly this (the rule's defaults) instead of its point; the other trials keep theirs. */
  pinned?: Configuration;
}

/**
 * The configuration of one trial, hyperparameters in the space's order.
 *
 * @param tried  what samplers that learn may know, in the order of the trials; others do not look at it
 *
 * Errors    RangeError when the trial is outside the budget, or a grid's own levels need more trials than there are.
 *
 * @example suggest({ space: { lr: { low: 1e-4, high: 1, log: true } }, studySeed: 1, budget: 8 }, 3) // { lr: … }
 */
export function suggest(
  { space, studySeed, budget, sampler = "halton", pinned }: Study,
  trial: number,
  tried: readonly Tried[] = [],
): Configuration {
  if (!(Number.isInteger(trial) && trial >= 0 && trial < budget)) {
    throw new RangeError(
      `Cannot suggest a trial as its number must be in [0, ${budget}), the budget: got ${trial}`,
    );
  }
  if (trial === 0 && pinned) return { ...pinned };
  const order = dimensionOrder(space);
  const used: Sampler = samplers[sampler];
  const { learns } = used;
  const ended = tried.filter(({ value }) => value !== undefined).length;
  const learnt =
    learns !== undefined && ended >= learns.first
      ? learns.next(space, tried, stream(studySeed, sampler, trial), studySeed)
      : undefined;
  const levels = sampler === "grid" ? levelsOf(space, budget) : undefined;
  return Object.fromEntries(
    Object.entries(space).map(([name, dimension]) => {
      const index = order.indexOf(name);
      const place = {
        studySeed,
        trial,
        budget,
        dimension: index,
        dimensions: order.length,
        ...(levels && { levels }),
      };
      return [name, valueAt(dimension, learnt?.[index] ?? used.coordinate(place))];
    }),
  );
}

/** What a suggester of `@thalweg/optim` says. */
function learntPoint(
  suggester: Suggester,
  space: Space,
  tried: readonly Tried[],
  random: Stream,
): Float64Array {
  const dimensions = dimensionOrder(space).map((name) => [name, space[name]!] as const);
  const history = tried.map(({ configuration, value }) => ({
    point: Float64Array.from(dimensions, ([name, dimension]) => unitOf(dimension, configuration[name]!)),
    value,
  }));
  return suggester.suggest(
    dimensions.map(([, dimension]) => axisOf(dimension)),
    history,
    random,
  );
}

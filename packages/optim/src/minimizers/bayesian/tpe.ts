/**
 * The tree-structured Parzen estimator: split what was tried into the few best and the rest, estimate the density of each, and try
 * the point that is most likely among the best relative to the rest, log l(u) − log g(u), of 24 drawn from l.
 *
 * Sources    Bergstra, Bardenet, Bengio & Kégl, NIPS 2011; Watanabe, arXiv:2304.11127; the numbers are Optuna 5's.
 * Differs    No pruned or constrained trials: a failure is an observation of value ∞, which is never among the best unless all are.
 */
import type { Stream } from "@thalweg/random";
import { type Axis, checkHistory, type Observation, type Suggester, uniformPoint } from "./observation.ts";
import { type Parzen, parzen } from "./parzen.ts";

export interface TpeOptions {
  /** Finished trials that are drawn uniformly first. */
  startup?: number;
  /** Points drawn from the density of the best. */
  candidates?: number;
  /** One mixture over all axes (kernels are products) rather than one per axis. Sees what goes together; needs more trials. */
  multivariate?: boolean;
}

/** How many of n finished trials are the best ones: a tenth, at most 25. */
export const bestCount = (n: number): number => Math.min(Math.ceil(0.1 * n), 25);

export interface Split {
  best: Observation[];
  rest: Observation[];
}

/** The best tenth and the rest, each oldest first. What still runs is in the rest (the "constant liar"), which keeps others away from it. */
export function splitHistory(history: readonly Observation[]): Split {
  const finished = history.filter(({ value }) => value !== undefined);
  const byValue = finished
    .map((observation, age) => ({ observation, age }))
    .sort((a, b) => compare(a.observation.value!, b.observation.value!) || a.age - b.age);
  const best = new Set(byValue.slice(0, bestCount(finished.length)).map(({ observation }) => observation));
  return { best: history.filter((one) => best.has(one)), rest: history.filter((one) => !best.has(one)) };
}

/** As a − b, which is NaN for two infinities. */
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

/** A density over several axes whose kernels are products: log Σ_k w_k Π_j kernel_kj(u_j). */
interface Mixture {
  logDensity(point: ArrayLike<number>): number;
  draw(random: Stream): number[];
}

function mixture(
  axes: readonly Axis[],
  observations: readonly Observation[],
  coordinates: readonly number[],
): Mixture {
  const parts: Parzen[] = axes.map((axis, j) =>
    parzen(
      axis,
      observations.map(({ point }) => point[coordinates[j]!]!),
      axes.length,
    ),
  );
  const weights = parts[0]!.weights; // they depend on the count only
  const logWeights = weights.map(Math.log);
  const logs = new Float64Array(weights.length);
  return {
    logDensity(point) {
      logs.set(logWeights);
      for (const [j, part] of parts.entries()) {
        for (let k = 0; k < logs.length; k++) logs[k]! += part.logKernel(k, point[j]!);
      }
      return logSumExp(logs);
    },
    draw(random) {
      const k = pick(weights, random.uniform());
      return parts.map((part) => part.draw(k, random));
    },
  };
}

const pick = (weights: Float64Array, u: number): number => {
  let left = u;
  const at = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return at < 0 ? weights.length - 1 : at;
};

function logSumExp(logs: Float64Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const one of logs) most = Math.max(most, one);
  let sum = 0;
  for (const one of logs) sum += Math.exp(one - most);
  return most + Math.log(sum);
}

/** log l(u) − log g(u) of one axis: what TPE maximises. */
export function logRatio(axis: Axis, best: readonly number[], rest: readonly number[], u: number): number {
  const as = (all: readonly number[]) =>
    mixture(
      [axis],
      all.map((one) => ({ point: Float64Array.of(one), value: 0 })),
      [0],
    );
  return as(best).logDensity([u]) - as(rest).logDensity([u]);
}

/** @example tpe().suggest([CONTINUOUS], history, stream(1, "tpe", history.length)) */
export function tpe({ startup = 10, candidates = 24, multivariate = false }: TpeOptions = {}): Suggester {
  for (const [name, value] of Object.entries({ startup, candidates })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(
      `Cannot build tpe as ${name} must be a whole number above 0: current value is ${value}`,
    );
  }
  return {
    name: "tpe",
    title: "tree-structured Parzen estimator",
    source: "Bergstra et al., NIPS 2011; Watanabe, arXiv:2304.11127",
    suggest(axes, history, random) {
      checkHistory(axes, history);
      const finished = history.filter(({ value }) => value !== undefined);
      if (axes.length === 0 || finished.length < startup) return uniformPoint(axes, random);
      const { best, rest } = splitHistory(history);
      const all = axes.map((_, i) => i);
      const together = multivariate ? [all] : all.map((i) => [i]);
      const point = new Float64Array(axes.length);
      for (const coordinates of together) {
        const own = coordinates.map((i) => axes[i]!);
        const l = mixture(own, best, coordinates);
        const g = mixture(own, rest, coordinates);
        const drawn = Array.from({ length: candidates }, () => l.draw(random));
        const scores = drawn.map((one) => l.logDensity(one) - g.logDensity(one));
        const chosen = drawn[scores.indexOf(Math.max(...scores))]!;
        for (const [j, i] of coordinates.entries()) point[i] = chosen[j]!;
      }
      return point;
    },
  };
}

/**
 * Bayesian optimisation with a Gaussian process: fit it to what was tried, and try the point where the logarithm of expected improvement
 * is largest.
 *
 * The largest is looked for from the best of many points drawn uniformly and from others drawn in proportion to their expected
 * improvement: projected gradients along continuous axes, every cell along the others, in turn. A trial that still runs counts as if
 * it had given what the process expects there, which keeps others away from it.
 *
 * Sources  Jones, Schonlau & Welch, J. Global Optimization 13 (1998) 455–492; Ament et al., arXiv:2310.20708 (logEI); Optuna 5's GPSampler, whose
 *          priors, number of points and rounds these are; Ginsbourger, Le Riche & Carraro 2010, §3 (the running trials: "kriging believer").
 * Differs  Preliminary points are uniform, not Sobol's.
 */
import type { Stream } from "@thalweg/random";
import { minimize } from "../minimize.ts";
import type { Objective, Vector } from "../objective.ts";
import { withPenalty } from "../proximal/composite.ts";
import { box } from "../proximal/penalties.ts";
import { projectedGradient } from "../proximal/projected-gradient.ts";
import { logExpectedImprovement, logHSlope } from "./expected-improvement.ts";
import { condition, fitHyperparameters, type GaussianProcess } from "./gaussian-process.ts";
import {
  type Axis,
  cellCount,
  checkHistory,
  middleOf,
  type Observation,
  type Suggester,
  uniformPoint,
} from "./observation.ts";

export interface GpOptions {
  /** Finished trials that are drawn uniformly first. */
  startup?: number;
  /** Points at which the acquisition is looked at first. */
  preliminary?: number;
  /** Of these, how many are improved on. */
  climbs?: number;
}

/** What is added to a variance so that a point that was tried has a logarithm. */
const LEAST_VARIANCE = 1e-12;
/** Turns of continuous and other axes in one climb. */
const ROUNDS = 10;

/** @example gp().suggest([CONTINUOUS], history, stream(1, "gp", history.length)) */
export function gp({ startup = 10, preliminary = 2048, climbs = 10 }: GpOptions = {}): Suggester {
  for (const [name, value] of Object.entries({ startup, preliminary, climbs })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(
      `Cannot build gp as ${name} must be a whole number above 0: current value is ${value}`,
    );
  }
  return {
    name: "gp",
    title: "Gaussian process, Matérn-5/2, logarithm of expected improvement",
    source: "Jones, Schonlau & Welch 1998; Ament et al., arXiv:2310.20708",
    suggest(axes, history, random) {
      checkHistory(axes, history);
      const finished = history.filter(({ value }) => value !== undefined);
      if (axes.length === 0 || finished.length < startup) return uniformPoint(axes, random);
      const y = standardised(finished.map(({ value }) => value!));
      const process = withRunning(axes, finished, y, history);
      return largestImprovement(axes, process, Math.min(...y), { preliminary, climbs }, finished, random);
    },
  };
}

/** Mean 0 and deviation 1; what is infinite becomes the largest or least that is not. */
export function standardised(values: readonly number[]): Vector {
  const finite = values.filter(Number.isFinite);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  const clipped =
    finite.length === 0 ? values.map(() => 0) : values.map((v) => Math.min(most, Math.max(least, v)));
  const mean = clipped.reduce((sum, v) => sum + v, 0) / clipped.length;
  const variance = clipped.reduce((sum, v) => sum + (v - mean) ** 2, 0) / clipped.length;
  return Float64Array.from(clipped, (v) => (v - mean) / (Math.sqrt(variance) || 1));
}

function withRunning(
  axes: readonly Axis[],
  finished: readonly Observation[],
  y: Vector,
  history: readonly Observation[],
): GaussianProcess {
  const points = finished.map(({ point }) => point);
  const hyperparameters = fitHyperparameters(axes, points, y);
  const process = condition(axes, points, y, hyperparameters);
  const running = history.filter(({ value }) => value === undefined).map(({ point }) => point);
  if (running.length === 0) return process;
  const believed = running.map((point) => process.predict(point).mean);
  return condition(axes, [...points, ...running], Float64Array.of(...y, ...believed), hyperparameters);
}

/** log EI at a point. */
const acquisition = (process: GaussianProcess, point: ArrayLike<number>, best: number): number => {
  const { mean, variance } = process.predict(point);
  return logExpectedImprovement(mean, Math.sqrt(variance + LEAST_VARIANCE), best);
};

function largestImprovement(
  axes: readonly Axis[],
  process: GaussianProcess,
  best: number,
  { preliminary, climbs }: { preliminary: number; climbs: number },
  finished: readonly Observation[],
  random: Stream,
): Vector {
  const incumbent = finished.reduce((a, b) => (b.value! < a.value! ? b : a)).point;
  const points = [incumbent, ...Array.from({ length: preliminary }, () => uniformPoint(axes, random))];
  const scores = points.map((point) => acquisition(process, point, best));
  const top = scores.indexOf(Math.max(...scores));
  const starts = [points[top]!, ...roulette(points, scores, climbs - 1, random)];
  const reached = starts.map((start) => climb(axes, process, best, start));
  return reached.reduce((a, b) => (b.score > a.score ? b : a)).point;
}

/** Points drawn in proportion to their expected improvement, without putting back. */
function roulette(
  points: readonly Vector[],
  scores: readonly number[],
  count: number,
  random: Stream,
): Vector[] {
  // the largest of log w − log(−log u) is a draw in proportion to w; the largest few are without putting back (Gumbel)
  const keys = scores.map((score) => score - Math.log(-Math.log(random.uniform() || Number.MIN_VALUE)));
  const order = keys.map((_, i) => i).sort((a, b) => keys[b]! - keys[a]!);
  return order.slice(0, count).map((i) => points[i]!);
}

/** Up from a point, along continuous axes together and then along each of the others, until nothing moves. */
function climb(axes: readonly Axis[], process: GaussianProcess, best: number, start: Vector) {
  const continuous = axes.flatMap((axis, j) => (axis.kind === "continuous" ? [j] : []));
  let point: Vector = start.slice();
  let score = acquisition(process, point, best);
  for (let round = 0; round < ROUNDS; round++) {
    const before = score;
    if (continuous.length > 0) ({ point, score } = slide(continuous, process, best, point, score));
    for (const [j, axis] of axes.entries()) {
      if (axis.kind === "continuous") continue;
      for (let cell = 0; cell < cellCount(axis); cell++) {
        const other = point.slice();
        other[j] = middleOf(axis, cell);
        const reached = acquisition(process, other, best);
        if (reached > score) [point, score] = [other, reached];
      }
    }
    if (continuous.length === axes.length || score <= before) break;
  }
  return { point, score };
}

/** Projected gradients of −log EI over the continuous coordinates, which stay in the cube. */
function slide(axes: readonly number[], process: GaussianProcess, best: number, from: Vector, score: number) {
  const whole = from.slice();
  const slopes = [new Float64Array(from.length), new Float64Array(from.length)] as const;
  const place = (at: Vector) => {
    for (const [i, j] of axes.entries()) whole[j] = at[i]!;
    return whole;
  };
  const objective: Objective = {
    name: "−log EI",
    dimension: axes.length,
    value: (at) => -acquisition(process, place(at), best),
    // log EI = log σ + log h(z), z = (best − μ)/σ:  ∇ = ∇σ/σ + (log h)'(z) ∇z,  ∇z = −(∇μ + z∇σ)/σ,  ∇σ = ∇σ²/(2σ)
    gradient(at, into) {
      const [dMean, dVariance] = slopes;
      const { mean, variance } = process.predictWithSlopes(place(at), dMean, dVariance);
      const sigma = Math.sqrt(variance + LEAST_VARIANCE);
      const z = (best - mean) / sigma;
      const steep = logHSlope(z);
      for (const [i, j] of axes.entries()) {
        const dSigma = dVariance[j]! / (2 * sigma);
        into[i] = -(dSigma / sigma - (steep * (dMean[j]! + z * dSigma)) / sigma);
      }
      return -logExpectedImprovement(mean, sigma, best);
    },
  };
  const start = Float64Array.from(axes, (j) => from[j]!);
  const found = minimize(projectedGradient, withPenalty(objective, box(0, 1)), start, {
    budget: 100,
    gradientTolerance: 1e-4,
    trace: "none",
  });
  if (!(-found.value > score)) return { point: from, score };
  return { point: place(found.point).slice(), score: -found.value };
}

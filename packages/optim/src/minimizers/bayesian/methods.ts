/**
 * Bayesian methods as minimizers: a suggester in the search box of an objective, one point at a time, each known before the next is chosen.
 * For functions of which an evaluation costs minutes, like the training of a network: the choice itself costs milliseconds to a second.
 */
import { finished, type Given, method, type Steps, type Stop, valueAt } from "../method.ts";
import type { Bounds, Vector } from "../objective.ts";
import { count, flag } from "../options.ts";
import { gp } from "./gp.ts";
import { CONTINUOUS, type Observation, type Suggester } from "./observation.ts";
import { tpe as parzenEstimator } from "./tpe.ts";

const toBox = (u: Vector, { lower, upper }: Bounds): Vector =>
  u.map((one, i) => lower[i]! + one * (upper[i]! - lower[i]!));

const toCube = (x: Vector, { lower, upper }: Bounds): Vector =>
  x.map((one, i) => Math.min(1, Math.max(0, (one - lower[i]!) / (upper[i]! - lower[i]!))));

/** The start, then what the suggester says, for ever. */
function* search({ start, bounds, random, dimension }: Given, suggester: Suggester): Steps<Stop> {
  const axes = new Array(dimension).fill(CONTINUOUS);
  const history: Observation[] = [];
  let best = { point: start, value: Number.POSITIVE_INFINITY };
  let u = toCube(start, bounds!);
  for (let trial = 0; ; trial++) {
    const point = trial === 0 ? start : toBox(u, bounds!);
    const value = yield* valueAt(point);
    history.push({ point: u, value });
    if (trial === 0 || value < best.value) best = { point, value };
    yield* finished(best);
    u = suggester.suggest(axes, history, random("trial", trial + 1));
  }
}

export const tpe = method({
  name: "tpe",
  family: "bayesian",
  summary: "Tree-structured Parzen estimator: where good points are dense relative to the others.",
  source: "Bergstra et al., NIPS 2011; Watanabe, arXiv:2304.11127; Optuna 5",
  needs: ["bounds"],
  options: {
    startup: count(10, "points that are drawn uniformly first"),
    candidates: count(24, "points drawn from the density of the best"),
    multivariate: flag(false, "one mixture over all coordinates rather than one for each"),
  },
  run: (given, options) => search(given, parzenEstimator(options)),
});

export const gaussianProcess = method({
  name: "gaussian-process",
  family: "bayesian",
  summary: "Bayesian optimisation: a Gaussian process and the logarithm of expected improvement.",
  source: "Jones, Schonlau & Welch 1998; Ament et al., arXiv:2310.20708; Optuna 5's GPSampler",
  needs: ["bounds"],
  options: {
    startup: count(10, "points that are drawn uniformly first"),
    preliminary: count(2048, "points at which the acquisition is looked at first"),
    climbs: count(10, "of these, how many are improved on"),
  },
  run: (given, options) => search(given, gp(options)),
});

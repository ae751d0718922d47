/**
 * A genetic algorithm on real numbers: parents win tournaments, children are drawn between and around two of them, some of their coordinates
 * mutate, and the best members live on unchanged.
 *
 *   blend     each coordinate uniform in [low − α d, high + α d],   d = high − low of the two parents            (BLX-α)
 *   sbx       children ½((1 + β)a + (1 − β)b) and mirrored, β from u: (2u)^{1/(η+1)} or (2(1 − u))^{−1/(η+1)}     (simulated binary)
 *   mutation  N(0, m² s²) on each coordinate with a chance of 1/n, s the population's own deviation there
 *
 * Both crossovers keep the population's spread, and mutation is relative to it: selection alone narrows it.
 *
 * Sources  Holland 1975; Goldberg & Deb 1991 (tournaments); Eshelman & Schaffer 1993 (BLX-α); Deb & Agrawal, Complex Systems 9 (1995) 115–148 (SBX).
 */

import type { Stream } from "@thalweg/random";
import { brief } from "../brief.ts";
import { finished, method, valuesAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { count, countOrZero, nonNegative, oneOf, positive, share } from "../options.ts";
import { agree, checkPopulation, firstPopulation, keepInside, ranked } from "./population.ts";

/** One child's coordinate from those of two parents. */
const CROSSOVERS = {
  blend(a: number, b: number, alpha: number, random: Stream): number {
    const reach = alpha * Math.abs(a - b);
    const low = Math.min(a, b) - reach;
    return low + (Math.abs(a - b) + 2 * reach) * random.uniform();
  },
  sbx(a: number, b: number, eta: number, random: Stream): number {
    const u = random.uniform();
    const beta = u < 0.5 ? (2 * u) ** (1 / (eta + 1)) : (2 * (1 - u)) ** (-1 / (eta + 1));
    const side = random.bernoulli(0.5) ? 1 : -1;
    return 0.5 * (a + b + side * beta * (a - b));
  },
};

export const geneticAlgorithm = method({
  name: "genetic-algorithm",
  family: "evolutionary",
  summary: "Tournaments, crossover of real numbers, Gaussian mutation, and an elite that lives on.",
  source: "Holland 1975; Eshelman & Schaffer 1993; Deb & Agrawal, Complex Systems 9 (1995)",
  needs: [],
  options: {
    population: countOrZero(0, "members; 0: ten per dimension, at least 40"),
    tournament: count(2, "members of which the best is a parent"),
    crossover: oneOf(["blend", "sbx"], "how two parents make a child"),
    alpha: nonNegative(0.5, "of blend: how far beyond the parents"),
    eta: nonNegative(2, "of sbx: the larger, the nearer to a parent"),
    crossing: share(0.9, "share of children with two parents; others are copies of one"),
    mutation: nonNegative(0.5, "deviation of a mutation, in the population's own deviations"),
    elite: count(1, "members that live on unchanged"),
    spread: positive(1, "deviation of the first population around the start, without a search box"),
    tolerance: positive(1e-14, "range of the values, relative to their size, at which to end"),
  },
  check({ dimension }, { population, elite }) {
    checkPopulation("genetic-algorithm", population, 2);
    const size = population || usual(dimension);
    if (elite < size) return;
    throw new RangeError(
      `Cannot use genetic-algorithm as elite must be below the population, ${size}: current value is ${elite}`,
    );
  },
  *run(given, options) {
    const { dimension: n, random, bounds } = given;
    const { crossover, alpha, eta, crossing, mutation, elite, spread, tolerance } = options;
    const size = options.population || usual(n);
    const cross = CROSSOVERS[crossover];
    const shape = crossover === "blend" ? alpha : eta;
    let members = firstPopulation(given, size, spread, random("first population"));
    let values: readonly number[] = yield* valuesAt(members);
    for (let generation = 0; ; generation++) {
      const order = ranked(values);
      const best = order[0]!;
      yield* finished({ point: members[best]!, value: values[best]! });
      if (agree(values, tolerance)) {
        return {
          reason: "change below tolerance",
          detail: `all values of the population are ${brief(values[best]!)}`,
        };
      }
      const drawn = random("generation", generation);
      const parent = () => {
        const entrants = Array.from({ length: options.tournament }, () => drawn.integer(size));
        return members[entrants.reduce((won, one) => (values[one]! < values[won]! ? one : won))]!;
      };
      const deviations = deviationsOf(members);
      const children = Array.from({ length: size - elite }, () => {
        const a = parent();
        const b = drawn.uniform() < crossing ? parent() : a;
        const child = a.map((one, i) => (a === b ? one : cross(one, b[i]!, shape, drawn)));
        for (let i = 0; i < n; i++) {
          if (drawn.uniform() * n < 1) child[i]! += mutation * deviations[i]! * drawn.normal();
        }
        keepInside(child, a, bounds, drawn);
        return child;
      });
      const kept = order.slice(0, elite);
      const reached = yield* valuesAt(children);
      members = [...kept.map((k) => members[k]!), ...children];
      values = [...kept.map((k) => values[k]!), ...reached];
    }
  },
});

const usual = (n: number): number => Math.max(40, 10 * n);

function deviationsOf(members: readonly Vector[]): Vector {
  const count = members.length;
  return members[0]!.map((_, i) => {
    const mean = members.reduce((sum, x) => sum + x[i]!, 0) / count;
    return Math.sqrt(members.reduce((sum, x) => sum + (x[i]! - mean) ** 2, 0) / count);
  });
}

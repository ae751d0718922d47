/**
 * Differential evolution: a member is challenged by another to which the difference of two more has been added, so that steps are as
 * long, and point the ways, that the population itself spans.
 *
 *   rand/1/bin   v = x_a + F (x_b − x_c)        best/1/bin   v = x_best + F (x_b − x_c)
 *   u_j = v_j with probability CR, and for one j always; else x_j.   u takes the place of x where f(u) ≤ f(x).
 *
 * The whole generation is evaluated in one batch, as Storn and Price have it; SciPy replaces members at once.
 *
 * Source  Storn & Price, J. Global Optimization 11 (1997) 341–359.
 */
import { brief } from "../brief.ts";
import { finished, method, valuesAt } from "../method.ts";
import { countOrZero, oneOf, positive, share } from "../options.ts";
import { agree, checkPopulation, firstPopulation, keepInside, ranked } from "./population.ts";

export const differentialEvolution = method({
  name: "differential-evolution",
  family: "evolutionary",
  summary: "Adds differences of members to members, and keeps what is no worse.",
  source: "Storn & Price, J. Global Optimization 11 (1997) 341–359",
  needs: [],
  options: {
    strategy: oneOf(["rand/1/bin", "best/1/bin"], "what differences are added to"),
    population: countOrZero(0, "members; 0: ten per dimension"),
    weight: positive(0.6, "F, the factor of a difference; below 2"),
    crossover: share(0.9, "CR, the share of coordinates that are taken from the mutant"),
    spread: positive(1, "deviation of the first population around the start, without a search box"),
    tolerance: positive(1e-14, "range of the values, relative to their size, at which to end"),
  },
  check: (_, { population }) => checkPopulation("differential-evolution", population, 4),
  *run(given, { strategy, population, weight, crossover, spread, tolerance }) {
    const { dimension: n, random, bounds } = given;
    const size = population || Math.max(4, 10 * n);
    const members = firstPopulation(given, size, spread, random("first population"));
    const values = [...(yield* valuesAt(members))];
    for (let generation = 0; ; generation++) {
      const best = ranked(values)[0]!;
      yield* finished({ point: members[best]!, value: values[best]! });
      if (agree(values, tolerance)) {
        return {
          reason: "change below tolerance",
          detail: `all values of the population are ${brief(values[best]!)}`,
        };
      }
      const drawn = random("generation", generation);
      const trials = members.map((x, i) => {
        const [a, b, c] = threeOthers(i, () => drawn.integer(size));
        const base = strategy === "rand/1/bin" ? members[a]! : members[best]!;
        const certain = drawn.integer(n);
        const trial = x.map((one, j) =>
          j === certain || drawn.uniform() < crossover
            ? base[j]! + weight * (members[b]![j]! - members[c]![j]!)
            : one,
        );
        keepInside(trial, x, bounds, drawn);
        return trial;
      });
      const reached = yield* valuesAt(trials);
      for (const [i, value] of reached.entries()) {
        if (!(value <= values[i]!)) continue;
        members[i] = trials[i]!;
        values[i] = value;
      }
    }
  },
});

/** Three different indices, none of them i. */
function threeOthers(i: number, draw: () => number): [number, number, number] {
  const taken = [i];
  while (taken.length < 4) {
    const one = draw();
    if (!taken.includes(one)) taken.push(one);
  }
  return [taken[1]!, taken[2]!, taken[3]!];
}

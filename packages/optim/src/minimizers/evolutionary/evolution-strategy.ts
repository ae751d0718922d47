/**
 * The (μ/μ, λ) evolution strategy: λ points around the mean, which moves to the mean of the μ best. Only the step size is learnt.
 *
 *   self   σ_k = σ exp(τ N(0, 1)) for each point, the best points' σ averaged: what mutates well has a good σ;   τ = 1/√(2n)
 *   csa    s ← (1 − c) s + √(μ c(2 − c)) ⟨z⟩,   σ ← σ exp((c/d)(‖s‖/E‖N(0,I)‖ − 1)):   σ grows while steps agree;
 *          c = √(μ/(n + μ)),   d = 1 + √(μ/n)
 *
 * Both follow a bowl of any width, neither learns a valley's direction: that is CMA-ES.
 *
 * Sources  Beyer & Schwefel, Natural Computing 1 (2002) 3–52 (self-adaptation, τ); Hansen, Arnold & Auger, "Evolution Strategies",
 *          Handbook of Computational Intelligence, 2015, algorithms 3 and 4.
 */
import { brief } from "../brief.ts";
import { finished, method, type Steps, type Stop, valuesAt } from "../method.ts";
import { countOrZero, nonNegative, oneOf, positive } from "../options.ts";
import { norm } from "../vectors.ts";
import {
  checkPopulation,
  expectedLength,
  firstDeviation,
  normals,
  Retreat,
  ranked,
  usualPopulation,
} from "./population.ts";

export const evolutionStrategy = method({
  name: "evolution-strategy",
  family: "evolutionary",
  summary: "The (μ/μ, λ) strategy: the mean of the best points, and a step size that adapts.",
  source: "Beyer & Schwefel, Natural Computing 1 (2002); Hansen, Arnold & Auger 2015",
  needs: [],
  options: {
    adaptation: oneOf(["csa", "self"], "cumulative along the path of the mean, or mutated with each point"),
    population: countOrZero(
      0,
      "λ, points per generation; 0: 4 + ⌊3 ln n⌋, and twice that for self-adaptation",
    ),
    parents: countOrZero(0, "μ, those that are averaged; 0: a quarter of the points, at least one"),
    sigma: nonNegative(0, "the first deviation; 0: 0.3 of the least side of the search box, or 0.5"),
    tolerance: positive(1e-14, "deviation at which to end"),
  },
  check(_, { population, parents }) {
    checkPopulation("evolution-strategy", population, 2);
    if (population === 0 || parents < population) return;
    throw new RangeError(
      `Cannot use evolution-strategy as parents must be fewer than the population, ${population}: current value is ${parents}`,
    );
  },
  *run(given, { adaptation, population, parents, sigma: asked, tolerance }): Steps<Stop> {
    const { dimension: n, start: mean, random } = given;
    const self = adaptation === "self";
    const lambda = population || (self ? 2 : 1) * usualPopulation(n);
    const mu = Math.min(parents || Math.max(1, Math.floor(lambda / 4)), lambda - 1);
    const tau = 1 / Math.sqrt(2 * n);
    const c = Math.sqrt(mu / (n + mu));
    const d = 1 + Math.sqrt(mu / n);
    const path = new Float64Array(n);
    const retreat = new Retreat(mean);
    let sigma = firstDeviation(asked, given);

    for (let generation = 0; ; generation++) {
      const drawn = random("generation", generation);
      const sigmas = Array.from({ length: lambda }, () =>
        self ? sigma * Math.exp(tau * drawn.normal()) : sigma,
      );
      const steps = sigmas.map(() => normals(n, drawn));
      const points = steps.map((z, k) => mean.map((one, i) => one + sigmas[k]! * z[i]!));
      const values = yield* valuesAt(points);
      const selected = ranked(values).slice(0, mu);
      const best = selected[0]!;
      if (retreat.needed(points[best]!, values[best]!, mean)) {
        sigma /= 2;
        continue;
      }
      yield* finished({ point: points[best]!, value: values[best]!, stepLength: sigma });

      mean.fill(0);
      for (const k of selected) for (let i = 0; i < n; i++) mean[i]! += points[k]![i]! / mu;
      if (self) {
        sigma = Math.exp(selected.reduce((sum, k) => sum + Math.log(sigmas[k]!), 0) / mu);
      } else {
        const gain = Math.sqrt(mu * c * (2 - c)) / mu;
        for (let i = 0; i < n; i++) {
          path[i] = (1 - c) * path[i]! + gain * selected.reduce((sum, k) => sum + steps[k]![i]!, 0);
        }
        sigma *= Math.exp((c / d) * (norm(path) / expectedLength(n) - 1));
      }
      if (!(sigma > tolerance))
        return { reason: "step below tolerance", detail: `the deviation is ${brief(sigma)}` };
      if (sigma > 1e100)
        return { reason: "unbounded below", detail: `the deviation has grown to ${brief(sigma)}` };
    }
  },
});

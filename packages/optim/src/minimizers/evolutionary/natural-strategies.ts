/**
 * Natural evolution strategies: the parameters of a search distribution follow the natural gradient of the expected rank.
 *
 *   exponential   z = μ + σBs,   G_δ = Σ u s,   G_M = Σ u (ssᵀ − I),   G_σ = tr(G_M)/n,   G_B = G_M − G_σ I
 *                 μ ← μ + η_μ σB G_δ,   σ ← σ exp(η_σ G_σ/2),   B ← B exp(η_B G_B/2)
 *   separable     z = μ + σ ⊙ s,   μ ← μ + η_μ σ ⊙ Σ u s,   σ ← σ ⊙ exp(η_σ/2 Σ u (s² − 1))
 *
 *   u_k = max(0, ln(λ/2 + 1) − ln k)/Σ − 1/λ for rank k
 *
 * Source  Wierstra, Schaul, Glasmachers, Sun, Peters & Schmidhuber, JMLR 15 (2014) 949–980, algorithms 5 and 6, table 1.
 */

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { brief } from "../brief.ts";
import { finished, method, type Steps, type Stop, valuesAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { countOrZero, nonNegative, positive } from "../options.ts";
import { checkPopulation, firstDeviation, normals, Retreat, ranked, usualPopulation } from "./population.ts";

/** By rank, best first: they sum to 0. */
export function utilities(lambda: number): Float64Array {
  const raw = Float64Array.from({ length: lambda }, (_, k) =>
    Math.max(0, Math.log(lambda / 2 + 1) - Math.log(k + 1)),
  );
  const total = raw.reduce((sum, one) => sum + one, 0);
  return raw.map((one) => one / total - 1 / lambda);
}

const OPTIONS = {
  population: countOrZero(0, "points per generation; 0: 4 + ⌊3 ln n⌋"),
  sigma: nonNegative(0, "the first deviation; 0: 0.3 of the least side of the search box, or 0.5"),
  tolerance: positive(1e-14, "largest deviation at which to end"),
};

const small = (deviation: number): Stop => ({
  reason: "step below tolerance",
  detail: `the largest deviation is ${brief(deviation)}`,
});

export const xnes = method({
  name: "xnes",
  family: "evolutionary",
  summary: "Exponential natural evolution strategy: a whole covariance by its natural gradient.",
  source: "Wierstra et al., JMLR 15 (2014), algorithm 5; Glasmachers et al., GECCO 2010",
  needs: [],
  options: OPTIONS,
  check: (_, { population }) => checkPopulation("xnes", population, 2),
  *run(given, { population, sigma: asked, tolerance }): Steps<Stop> {
    const { dimension: n, start: mean, random } = given;
    const lambda = population || usualPopulation(n);
    const u = utilities(lambda);
    const rate = (9 + 3 * Math.log(n)) / (5 * n * Math.sqrt(n)); // η_σ = η_B; η_μ = 1
    const retreat = new Retreat(mean);
    let sigma = firstDeviation(asked, given);
    let B = Matrix.eye(n);
    for (let generation = 0; ; generation++) {
      const drawn = random("generation", generation);
      const steps = Array.from({ length: lambda }, () => normals(n, drawn));
      const points = steps.map((s) => away(mean, sigma, B, s));
      const values = yield* valuesAt(points);
      const order = ranked(values);
      const largest = sigma * Math.max(...B.diagonal().map(Math.abs));
      if (retreat.needed(points[order[0]!]!, values[order[0]!]!, mean)) {
        sigma /= 2;
        continue;
      }
      yield* finished({ point: points[order[0]!]!, value: values[order[0]!]!, stepLength: largest });

      const towards = new Float64Array(n);
      const G = Matrix.zeros(n, n);
      for (const [rank, k] of order.entries()) {
        const s = steps[k]!;
        for (let i = 0; i < n; i++) {
          towards[i]! += u[rank]! * s[i]!;
          for (let j = 0; j < n; j++) G.set(i, j, G.get(i, j) + u[rank]! * s[i]! * s[j]!); // Σu = 0 takes out I
        }
      }
      mean.set(away(mean, sigma, B, towards));
      const trace = G.trace() / n;
      sigma *= Math.exp((rate / 2) * trace);
      B = B.mmul(exponential(Matrix.sub(G, Matrix.eye(n).mul(trace)).mul(rate / 2)));
      if (!(largest > tolerance)) return small(largest);
    }
  },
});

/** mean + σBs */
function away(mean: Vector, sigma: number, B: Matrix, s: Vector): Vector {
  return mean.map((one, i) => {
    let sum = 0;
    for (let j = 0; j < s.length; j++) sum += B.get(i, j) * s[j]!;
    return one + sigma * sum;
  });
}

/** exp of a symmetric matrix, by its eigenvalues. */
function exponential(M: Matrix): Matrix {
  const { eigenvectorMatrix: V, realEigenvalues } = new EigenvalueDecomposition(M, { assumeSymmetric: true });
  return V.mmul(Matrix.diag(realEigenvalues.map(Math.exp))).mmul(V.transpose());
}

export const snes = method({
  name: "snes",
  family: "evolutionary",
  summary: "Separable natural evolution strategy: a deviation per coordinate, for many dimensions.",
  source: "Wierstra et al., JMLR 15 (2014), algorithm 6; Schaul, Glasmachers & Schmidhuber, GECCO 2011",
  needs: [],
  options: OPTIONS,
  check: (_, { population }) => checkPopulation("snes", population, 2),
  *run(given, { population, sigma: asked, tolerance }): Steps<Stop> {
    const { dimension: n, start: mean, random } = given;
    const lambda = population || usualPopulation(n);
    const u = utilities(lambda);
    const rate = (3 + Math.log(n)) / (5 * Math.sqrt(n)); // η_σ; η_μ = 1
    const retreat = new Retreat(mean);
    const sigma = new Float64Array(n).fill(firstDeviation(asked, given));
    for (let generation = 0; ; generation++) {
      const drawn = random("generation", generation);
      const steps = Array.from({ length: lambda }, () => normals(n, drawn));
      const points = steps.map((s) => mean.map((one, i) => one + sigma[i]! * s[i]!));
      const values = yield* valuesAt(points);
      const order = ranked(values);
      const largest = sigma.reduce((a, b) => Math.max(a, b));
      if (retreat.needed(points[order[0]!]!, values[order[0]!]!, mean)) {
        for (let i = 0; i < n; i++) sigma[i]! /= 2;
        continue;
      }
      yield* finished({ point: points[order[0]!]!, value: values[order[0]!]!, stepLength: largest });
      for (let i = 0; i < n; i++) {
        let towards = 0;
        let wider = 0;
        for (const [rank, k] of order.entries()) {
          const s = steps[k]![i]!;
          towards += u[rank]! * s;
          wider += u[rank]! * (s * s - 1);
        }
        mean[i]! += sigma[i]! * towards;
        sigma[i]! *= Math.exp((rate / 2) * wider);
      }
      if (!(largest > tolerance)) return small(largest);
    }
  },
});

/**
 * CMA-ES: points are drawn from a normal distribution; its mean moves to the better half, and its covariance learns the shape of the
 * function from the steps that were selected and from the path of the mean. It sees only the order of the values.
 *
 *   x_k = m + σ y_k,   y_k ~ N(0, C)
 *   m ← m + σ⟨y⟩                                   ⟨y⟩ = Σ_{k ≤ μ} w_k y_{k:λ}
 *   p_σ ← (1 − c_σ) p_σ + √(c_σ(2 − c_σ)μ_eff) C^{−1/2}⟨y⟩     σ ← σ exp((c_σ/d_σ)(‖p_σ‖/E‖N(0,I)‖ − 1))
 *   p_c ← (1 − c_c) p_c + h_σ √(c_c(2 − c_c)μ_eff) ⟨y⟩
 *   C ← (1 + c₁δ(h_σ) − c₁ − c_μ Σw) C + c₁ p_c p_cᵀ + c_μ Σ_k w°_k y_{k:λ} y_{k:λ}ᵀ
 *
 * The covariance's two forms, full and diagonal, are in `covariance.ts`. Where a run ends before the budget it may begin again with twice the
 * population (IPOP), from another place of the search box.
 *
 * Sources  Hansen, arXiv:1604.00772, figure 6 and appendices A and B.3 (ends); Auger & Hansen, CEC 2005 (restarts); Ros & Hansen, PPSN 2008.
 */
import { brief } from "../brief.ts";
import { finished, type Given, method, type Steps, type Stop, valuesAt } from "../method.ts";
import { countOrZero, flag, nonNegative, positive } from "../options.ts";
import { add, norm } from "../vectors.ts";
import { cmaParameters } from "./cma-parameters.ts";
import { type Covariance, diagonalCovariance, fullCovariance } from "./covariance.ts";
import {
  checkPopulation,
  expectedLength,
  firstDeviation,
  firstPopulation,
  normals,
  Retreat,
  ranked,
  usualPopulation,
} from "./population.ts";

const OPTIONS = {
  sigma: nonNegative(
    0,
    "the first deviation; 0: 0.3 of the least side of the search box, or 0.5 without one",
  ),
  population: countOrZero(0, "points per generation; 0: 4 + ⌊3 ln n⌋"),
  restarts: countOrZero(0, "how often to begin again, each time with twice the population"),
  pointTolerance: positive(1e-12, "deviation in every coordinate at which a run ends, relative to the first"),
  valueTolerance: nonNegative(1e-12, "range of the best values of the last generations at which a run ends"),
};

export const cmaEs = method({
  name: "cma-es",
  family: "evolutionary",
  summary: "Draws from a normal distribution that learns the shape of the function from what was better.",
  source: "Hansen, The CMA Evolution Strategy: A Tutorial, arXiv:1604.00772",
  needs: [],
  options: {
    ...OPTIONS,
    diagonal: flag(false, "learn a deviation per coordinate and no more: separable CMA-ES"),
  },
  check: (_, { population }) => checkPopulation("cma-es", population, 3),
  *run(given, { restarts, population, sigma, diagonal, pointTolerance, valueTolerance }): Steps<Stop> {
    const { dimension: n } = given;
    const first = firstDeviation(sigma, given);
    const tolerances = { pointTolerance: pointTolerance * first, valueTolerance };
    for (let restart = 0; ; restart++) {
      const size = (population || usualPopulation(n)) * 2 ** restart;
      const mean =
        restart === 0 ? given.start : firstPopulation(given, 2, first, given.random("restart", restart))[1]!;
      const covariance = diagonal ? diagonalCovariance(n) : fullCovariance(n);
      const run = { restart, size, mean, sigma: first, covariance, ...tolerances };
      const ended = yield* once(given, run, diagonal);
      if (restart === restarts) return ended;
    }
  },
});

interface Once {
  readonly restart: number;
  readonly size: number;
  readonly mean: Float64Array;
  readonly sigma: number;
  readonly covariance: Covariance;
  readonly pointTolerance: number;
  readonly valueTolerance: number;
}

function* once({ dimension: n, random }: Given, run: Once, diagonal: boolean): Steps<Stop> {
  const { mean, covariance: C, restart } = run;
  const { lambda, mu, weights, muEff, cSigma, dSigma, cC, c1, cMu } = cmaParameters(n, run.size, diagonal);
  const typical = expectedLength(n);
  const weightSum = weights.reduce((sum, w) => sum + w, 0);
  const pSigma = new Float64Array(n);
  const pC = new Float64Array(n);
  const white = new Float64Array(n);
  const step = new Float64Array(n);
  /** The best value of each of the last generations. */
  const remembered = 10 + Math.ceil((30 * n) / lambda);
  const history: number[] = [];
  const retreat = new Retreat(mean);
  let { sigma } = run;

  for (let generation = 0; ; generation++) {
    const drawn = random("generation", restart, generation);
    C.refresh(1 / (10 * n * (c1 + cMu)));
    const steps = Array.from({ length: lambda }, () => C.colour(normals(n, drawn)));
    const points = steps.map((y) => mean.map((one, i) => one + sigma * y[i]!));
    const values = yield* valuesAt(points);
    const order = ranked(values);
    const best = order[0]!;
    if (retreat.needed(points[best]!, values[best]!, mean)) {
      sigma /= 2;
      continue;
    }
    yield* finished({ point: points[best]!, value: values[best]!, stepLength: sigma * C.largest() });

    step.fill(0);
    for (let k = 0; k < mu; k++) add(step, weights[k]!, steps[order[k]!]!);
    add(mean, sigma, step);

    C.whiten(step, white);
    const gain = Math.sqrt(cSigma * (2 - cSigma) * muEff);
    for (let i = 0; i < n; i++) pSigma[i] = (1 - cSigma) * pSigma[i]! + gain * white[i]!;
    const length = norm(pSigma);
    // while the path is long σ is too small, and the covariance waits
    const expected = Math.sqrt(1 - (1 - cSigma) ** (2 * (generation + 1)));
    const h = length / expected < (1.4 + 2 / (n + 1)) * typical ? 1 : 0;
    const gainC = h * Math.sqrt(cC * (2 - cC) * muEff);
    for (let i = 0; i < n; i++) pC[i] = (1 - cC) * pC[i]! + gainC * step[i]!;

    C.scale(1 + c1 * (1 - h) * cC * (2 - cC) - c1 - cMu * weightSum);
    C.addOuter(c1, pC);
    for (const [k, w] of weights.entries()) {
      const y = steps[order[k]!]!;
      if (w >= 0) C.addOuter(cMu * w, y);
      else {
        C.whiten(y, white);
        C.addOuter((cMu * w * n) / norm(white) ** 2, y);
      }
    }
    sigma *= Math.exp(Math.min(1, (cSigma / dSigma) * (length / typical - 1)));

    history.push(values[best]!);
    if (history.length > remembered) history.shift();
    const stop = ends(run, { sigma, C, history, values, remembered });
    if (stop !== undefined) return stop;
  }
}

/** The ends of appendix B.3 that any function can reach. */
function ends(
  { pointTolerance, valueTolerance }: Once,
  now: { sigma: number; C: Covariance; history: number[]; values: readonly number[]; remembered: number },
): Stop | undefined {
  const { sigma, C, history, values, remembered } = now;
  const deviation = sigma * C.largest();
  if (deviation < pointTolerance) {
    return { reason: "step below tolerance", detail: `the largest deviation is ${brief(deviation)}` };
  }
  if (history.length === remembered) {
    const all = [...history, ...values];
    const range = Math.max(...all) - Math.min(...all);
    if (range <= valueTolerance) {
      return {
        reason: "change below tolerance",
        detail: `values of the last ${remembered} generations span ${brief(range)}`,
      };
    }
  }
  const condition = C.condition();
  if (condition > 1e14) {
    return {
      reason: "no descent",
      detail: `the covariance's condition, ${brief(condition)}, is beyond what float64 can carry`,
    };
  }
  if (!Number.isFinite(deviation) || deviation > 1e100) {
    return { reason: "unbounded below", detail: `the deviation has grown to ${brief(deviation)}` };
  }
  return undefined;
}

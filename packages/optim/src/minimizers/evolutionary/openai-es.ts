/**
 * The evolution strategy of Salimans et al.: a gradient from ranks of values at mirrored points around θ, and Adam to follow it. The
 * deviation is fixed; what makes it of use is that thousands of points can be evaluated at once and n may be millions.
 *
 *   g = 1/(λσ) Σ_k r_k (ε_k − (−ε_k)),   r: ranks of all values, centred, from −½ to ½
 *
 * The minimum is found to within about σ. `decay` lets both the deviation and the step fall for more.
 *
 * Sources  Salimans, Ho, Chen, Sidor & Sutskever, arXiv:1703.03864, algorithm 1 and §2.1 (mirrored sampling, ranks); its code
 *          (openai/evolution-strategies-starter) for Adam and its numbers.
 */
import { brief } from "../brief.ts";
import { finished, method, type Steps, type Stop, valuesAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { atLeast, countOrZero, nonNegative, positive, share } from "../options.ts";
import { distance, move } from "../vectors.ts";
import { checkPopulation, normals, ranked, usualPopulation } from "./population.ts";

const LEAST_DEVIATION = 1e-14;

/** Ranks of the values as numbers from −½, the best, to ½. */
export function centredRanks(values: readonly number[]): Float64Array {
  const out = new Float64Array(values.length);
  for (const [rank, k] of ranked(values).entries()) out[k] = rank / (values.length - 1) - 0.5;
  return out;
}

export const openaiEs = method({
  name: "openai-es",
  family: "evolutionary",
  summary: "A gradient from ranks at mirrored points, followed with Adam; for very many dimensions.",
  source: "Salimans et al., arXiv:1703.03864",
  needs: [],
  options: {
    population: countOrZero(0, "points per generation, an even number; 0: twice 4 + ⌊3 ln n⌋"),
    sigma: positive(0.02, "deviation of the points"),
    lr: positive(0.01, "step size of Adam"),
    beta1: share(0.9, "Adam's memory of the gradient"),
    beta2: share(0.999, "Adam's memory of its square"),
    decay: share(1, "what lr and sigma are multiplied by after each generation"),
    weightDecay: nonNegative(0, "pull of θ towards 0, as a multiple of it, within the gradient"),
    generations: atLeast(1)(1e9, "generations after which to end"),
  },
  check(_, { population }) {
    checkPopulation("openai-es", population, 2);
    if (population % 2 === 0) return;
    throw new RangeError(
      `Cannot use openai-es as its population must be even, for points come in mirrored pairs: current value is ${population}`,
    );
  },
  *run({ start: x, dimension: n, random }, options): Steps<Stop> {
    const { beta1, beta2, decay, weightDecay, generations } = options;
    let { sigma, lr } = options;
    const pairs = options.population / 2 || usualPopulation(n);
    const m = new Float64Array(n);
    const v = new Float64Array(n);
    const before = x.slice();
    for (let t = 1; t <= generations; t++) {
      const drawn = random("generation", t);
      const noise = Array.from({ length: pairs }, () => normals(n, drawn));
      const mirrored = noise.flatMap((e) => [beside(x, sigma, e), beside(x, -sigma, e)]);
      const [value, ...values] = yield* valuesAt([x, ...mirrored]);
      if (t > 1 && value === Number.POSITIVE_INFINITY) {
        // the step has left the domain of f
        x.set(before);
        m.fill(0);
        lr /= 2;
        sigma /= 2;
        if (sigma > LEAST_DEVIATION) continue;
      }
      yield* finished({ point: x, value: value!, ...(t > 1 && { stepLength: distance(x, before) }) });
      before.set(x);
      const ranks = centredRanks(values);
      const g = x.map((one) => weightDecay * one);
      for (const [k, e] of noise.entries()) {
        const weight = (ranks[2 * k]! - ranks[2 * k + 1]!) / (2 * pairs * sigma);
        for (let i = 0; i < n; i++) g[i]! += weight * e[i]!;
      }
      const rate = (lr * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
      for (let i = 0; i < n; i++) {
        m[i] = beta1 * m[i]! + (1 - beta1) * g[i]!;
        v[i] = beta2 * v[i]! + (1 - beta2) * g[i]! * g[i]!;
        x[i]! -= (rate * m[i]!) / (Math.sqrt(v[i]!) + 1e-8);
      }
      lr *= decay;
      sigma *= decay;
      if (sigma < LEAST_DEVIATION)
        return { reason: "step below tolerance", detail: `the deviation is ${brief(sigma)}` };
    }
    return { reason: "iterations spent", detail: `${generations} generations were allowed` };
  },
});

function beside(x: Vector, sigma: number, e: Vector): Vector {
  const out = new Float64Array(x.length);
  move(x, sigma, e, out);
  return out;
}

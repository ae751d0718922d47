/**
 * Descent on finite sums f = (1/N) Σ fᵢ with gradients of a few terms at a time. Plain SGD stalls at a floor where their
 * differences keep it moving; the others reduce the variance, and converge linearly with a constant step.
 *
 *   sgd    v = ∇fᵢ(x)
 *   svrg   v = ∇fᵢ(x) − ∇fᵢ(x̃) + ∇f(x̃)          x̃ renewed every epoch
 *   sag    v = (∇fᵢ(x) − φᵢ + Σφⱼ)/N             φᵢ ← ∇fᵢ(x), the last gradient of each term; biased
 *   saga   v = ∇fᵢ(x) − φᵢ + (1/N) Σφⱼ           the same φ; unbiased
 *
 * Each epoch draws N terms and ends with the value and gradient of the whole sum, which are counted.
 */
import { componentsAt, finished, type Given, gradientAt, method, type Steps, type Stop } from "../method.ts";
import type { Vector } from "../objective.ts";
import { count, nonNegative, positive } from "../options.ts";
import { add, distance, maxNorm } from "../vectors.ts";

/** What turns the gradient of one batch into a step, and what is renewed when an epoch begins. */
interface Estimator {
  /** Writes v over g, the gradient of the batch at x. */
  readonly estimate: (batch: Uint32Array, x: Vector, g: Vector) => Steps<void>;
  /** ∇f(x) is in `full`. */
  readonly begin?: (x: Vector, full: Vector) => Steps<void>;
}

interface Settings {
  readonly lr: number;
  readonly batch: number;
  /** Of sgd alone. */
  readonly decay?: number;
}

function* descend(
  { start: x, dimension: n, random, componentCount: N = 1 }: Given,
  { lr, batch, decay = 0 }: Settings,
  { estimate, begin }: Estimator,
): Steps<Stop> {
  const g = new Float64Array(n);
  const full = new Float64Array(n);
  const before = x.slice();
  const indices = new Uint32Array(batch);
  const perEpoch = Math.ceil(N / batch);
  let stepLength = 0;
  for (let epoch = 0; ; epoch++) {
    const value = yield* gradientAt(x, full);
    yield* finished({ point: x, value, gradientNorm: maxNorm(full), stepLength });
    before.set(x);
    if (begin !== undefined) yield* begin(x, full);
    const draws = random("draws", epoch);
    for (let k = 0; k < perEpoch; k++) {
      for (let b = 0; b < batch; b++) indices[b] = draws.integer(N);
      yield* componentsAt(indices, x, g);
      yield* estimate(indices, x, g);
      add(x, -lr / (1 + decay * (epoch * perEpoch + k)), g);
    }
    stepLength = distance(x, before);
  }
}

const lr = positive(0.05, "the step; about a third of the inverse of the largest curvature of a term");
const batch = count(1, "terms per step, drawn with replacement");

function* asItIs(): Steps<void> {}

export const sgd = method({
  name: "sgd",
  family: "stochastic",
  summary: "Steps down the gradients of single terms: cheap, down to a floor that the step sets.",
  source: "Robbins & Monro 1951; Bottou, Curtis & Nocedal, arXiv:1606.04838",
  needs: ["gradient", "components"],
  options: {
    lr,
    batch,
    decay: nonNegative(0, "the step is lr/(1 + decay·k) at step k; 0 keeps it constant"),
  },
  run: (given, values) => descend(given, values, { estimate: asItIs }),
});

export const svrg = method({
  name: "svrg",
  family: "stochastic",
  summary: "Corrects each term's gradient by what it was at an anchor, which moves once an epoch.",
  source: "Johnson & Zhang 2013, NIPS",
  needs: ["gradient", "components"],
  options: { lr, batch },
  run: (given, values) => {
    const n = given.dimension;
    const anchor = new Float64Array(n);
    const mean = new Float64Array(n);
    const there = new Float64Array(n);
    return descend(given, values, {
      // biome-ignore lint/correctness/useYield: the gradient at the anchor is at hand
      *begin(x, full) {
        anchor.set(x);
        mean.set(full);
      },
      *estimate(indices, _, g) {
        yield* componentsAt(indices, anchor, there);
        for (let i = 0; i < n; i++) g[i]! += mean[i]! - there[i]!;
      },
    });
  },
});

/** The last gradient of every term, N × n numbers, and their sum; zero until a term is drawn. */
function remembered({ dimension: n, componentCount: N = 1 }: Given) {
  const table = new Float64Array(N * n);
  return { sum: new Float64Array(n), of: (i: number) => table.subarray(i * n, (i + 1) * n), N, n };
}

export const sag = method({
  name: "sag",
  family: "stochastic",
  summary: "Steps down the mean of the last gradients of all terms, one of which is renewed per step.",
  source: "Schmidt, Le Roux & Bach, arXiv:1309.2388, Algorithm 1 and section 4.1",
  needs: ["gradient", "components"],
  options: { lr },
  run: (given, values) => {
    const { sum, of, n } = remembered(given);
    const seen = new Set<number>();
    return descend(
      given,
      { ...values, batch: 1 },
      {
        // biome-ignore lint/correctness/useYield: all that is needed is remembered
        *estimate([drawn = 0], _, g) {
          const old = of(drawn);
          for (let i = 0; i < n; i++) sum[i]! += g[i]! - old[i]!;
          old.set(g);
          seen.add(drawn); // the mean is over the terms that were seen
          for (let i = 0; i < n; i++) g[i] = sum[i]! / seen.size;
        },
      },
    );
  },
});

export const saga = method({
  name: "saga",
  family: "stochastic",
  summary: "As svrg, with the last gradient of every term instead of an anchor.",
  source: "Defazio, Bach & Lacoste-Julien, arXiv:1407.0202",
  needs: ["gradient", "components"],
  options: { lr },
  run: (given, values) => {
    const { sum, of, N, n } = remembered(given);
    const part = new Float64Array(n);
    let filled = false;
    return descend(
      given,
      { ...values, batch: 1 },
      {
        *begin(x) {
          if (filled) return;
          filled = true;
          for (let i = 0; i < N; i++) {
            yield* componentsAt([i], x, part);
            of(i).set(part);
            add(sum, 1, part);
          }
        },
        // biome-ignore lint/correctness/useYield: all that is needed is remembered
        *estimate([drawn = 0], _, g) {
          const old = of(drawn);
          for (let i = 0; i < n; i++) {
            const change = g[i]! - old[i]!;
            old[i] = g[i]!;
            g[i] = change + sum[i]! / N;
            sum[i]! += change;
          }
        },
      },
    );
  },
});

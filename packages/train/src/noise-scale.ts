/**
 * The gradient noise scale: how many examples it takes until more of them no longer make the gradient much better.
 *
 *   B_simple = tr Σ / |G|²        Σ the covariance of one example's gradient, G the true gradient
 *
 * Both parts are estimated without bias from the squared norms of gradients at two batch sizes b < B, taken at the same parameters:
 *
 *   |G|² ≈ (B |G_B|² − b |G_b|²) / (B − b)        tr Σ ≈ (|G_b|² − |G_B|²) / (1/b − 1/B)
 *
 * Each is noisy, and a ratio of noisy numbers is biased, so each is averaged on its own and the averages are divided.
 *
 * Source   McCandlish, Kaplan, Amodei et al., "An empirical model of large-batch training", arXiv:1812.06162: eq. 2.9 and
 *          appendix A.1 for the estimators, eq. 2.11 and 2.12 for the trade-off.
 * Differs  GPT-NeoX compares gradients from different steps, and so of different parameters; that adds their drift to the noise.
 */
import type { ParameterVector } from "./parameter-vector.ts";
import type { Batch } from "./program.ts";

/** Squared gradient norms at one point of parameter space, for two batch sizes; the larger batch may contain the smaller ones. */
export interface NoiseSample {
  readonly small: NormAt;
  readonly big: NormAt;
}

export interface NormAt {
  readonly batchSize: number;
  /** |G_B|², or a mean of several. */
  readonly squaredNorm: number;
}

/** The two unbiased estimates of one sample; either may be negative. */
export interface NoiseParts {
  /** |G|² */
  readonly squaredGradient: number;
  /** tr Σ */
  readonly trace: number;
}

/** Both estimators of appendix A.1. Raises RangeError for sizes that are not 0 < small < big, or norms that are none. */
export function noiseParts({ small, big }: NoiseSample): NoiseParts {
  const [b, B] = [small.batchSize, big.batchSize];
  if (!(b > 0 && B > b && B < Infinity)) {
    throw new RangeError(
      `Cannot estimate the noise scale as batch sizes must be 0 < small < big: they are ${b} and ${B}`,
    );
  }
  for (const { squaredNorm } of [small, big]) {
    if (!(squaredNorm >= 0 && squaredNorm < Infinity)) {
      throw new RangeError(
        `Cannot estimate the noise scale as squared norms must be finite, 0 or more: current value is ${squaredNorm}`,
      );
    }
  }
  return {
    squaredGradient: (B * big.squaredNorm - b * small.squaredNorm) / (B - b),
    trace: (small.squaredNorm - big.squaredNorm) / (1 / b - 1 / B),
  };
}

export interface NoiseScale extends NoiseParts {
  /** B_simple in examples; Infinity where the mean |G|² is not above zero: there was no signal to be seen. */
  readonly noiseScale: number;
  /** Of `noiseScale`, by the jackknife. */
  readonly standardError: number;
  readonly samples: number;
}

/**
 * The noise scale from independent samples: plain means of the parts, then their ratio, with its jackknife error
 *
 *   SE² = (n−1)/n Σ_i (R_i − R̄)²        R_i the ratio without sample i
 *
 * Raises RangeError for fewer than two samples: one has no error.
 */
export function estimateNoiseScale(samples: readonly NoiseSample[]): NoiseScale {
  const n = samples.length;
  if (n < 2) {
    throw new RangeError(
      `Cannot estimate the noise scale with its error as 2 samples are needed: there are ${n}`,
    );
  }
  const parts = samples.map(noiseParts);
  const signal = parts.reduce((sum, part) => sum + part.squaredGradient, 0);
  const noise = parts.reduce((sum, part) => sum + part.trace, 0);
  const without = parts.map((part) => ratio(noise - part.trace, signal - part.squaredGradient));
  const centre = without.reduce((sum, value) => sum + value, 0) / n;
  const spread = without.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const resolved = signal > 0 && without.every(Number.isFinite);
  return {
    squaredGradient: signal / n,
    trace: noise / n,
    noiseScale: ratio(noise, signal),
    standardError: resolved ? Math.sqrt(((n - 1) / n) * spread) : Number.POSITIVE_INFINITY,
    samples: n,
  };
}

/** tr Σ / |G|², never below zero: with no noise to be seen it is zero, with no signal infinite. */
const ratio = (trace: number, squaredGradient: number): number =>
  squaredGradient > 0 ? Math.max(0, trace / squaredGradient) : Number.POSITIVE_INFINITY;

/** A running estimate during training, as plain data: exponential averages of both parts, kept apart. */
export interface RunningNoise extends NoiseParts {
  readonly decay: number;
  readonly samples: number;
}

/** Nothing seen yet. `decay` is the weight of the past in each step: 0.99 remembers about the last hundred samples. */
export function startNoise(decay = 0.99): RunningNoise {
  if (!(decay >= 0 && decay < 1)) {
    throw new RangeError(
      `Cannot average the noise scale as decay must be in [0, 1): current value is ${decay}`,
    );
  }
  return { decay, samples: 0, squaredGradient: 0, trace: 0 };
}

export function addNoiseSample(running: RunningNoise, sample: NoiseSample): RunningNoise {
  const { decay, samples } = running;
  const { squaredGradient, trace } = noiseParts(sample);
  return {
    decay,
    samples: samples + 1,
    squaredGradient: decay * running.squaredGradient + (1 - decay) * squaredGradient,
    trace: decay * running.trace + (1 - decay) * trace,
  };
}

/** B_simple of the averages; their start-up bias 1 − decayⁿ cancels. NaN before the first sample. */
export const runningNoiseScale = ({ trace, squaredGradient, samples }: RunningNoise): number =>
  samples === 0 ? Number.NaN : ratio(trace, squaredGradient);

/** A training run's length at one batch size. */
export interface TradeOff {
  readonly batchSize: number;
  readonly steps: number;
  readonly examples: number;
}

/** What reaching a goal costs at the least: steps, with batches as large as one likes, and examples, with ones as small. */
export interface Frontier {
  readonly leastSteps: number;
  readonly leastExamples: number;
}

/** The batch size that costs twice the least steps and twice the least examples: E_min/S_min. */
export const criticalBatchSize = ({ leastSteps, leastExamples }: Frontier): number =>
  leastExamples / leastSteps;

/**
 * Steps and examples that a batch size needs for the goal:  S = S_min (1 + B_crit/B),  E = E_min (1 + B/B_crit), which lie on
 * (S/S_min − 1)(E/E_min − 1) = 1.
 */
export function tradeOff(frontier: Frontier, batchSize: number): TradeOff {
  checkFrontier(frontier);
  if (!(batchSize > 0 && batchSize < Infinity)) {
    throw new RangeError(
      `Cannot predict steps as batchSize must be positive and finite: current value is ${batchSize}`,
    );
  }
  const critical = criticalBatchSize(frontier);
  return {
    batchSize,
    steps: frontier.leastSteps * (1 + critical / batchSize),
    examples: frontier.leastExamples * (1 + batchSize / critical),
  };
}

/**
 * The frontier through one known run, with the noise scale in place of the critical batch size: S_min = S/(1 + B_noise/B).
 * A prediction, as the noise scale changes over a run and is the critical size to a factor of about two only.
 */
export function predictFrontier(
  { batchSize, steps }: Omit<TradeOff, "examples">,
  noiseScale: number,
): Frontier {
  for (const [name, value] of Object.entries({ batchSize, steps, noiseScale })) {
    if (!(value > 0 && value < Infinity)) {
      throw new RangeError(
        `Cannot predict steps as ${name} must be positive and finite: current value is ${value}`,
      );
    }
  }
  const leastSteps = steps / (1 + noiseScale / batchSize);
  return { leastSteps, leastExamples: leastSteps * noiseScale };
}

/**
 * The frontier that measured runs lie on, by least squares of  1 = S_min/S + E_min/E, which is linear in both.
 * Raises RangeError for fewer than two batch sizes, or for runs that lie on no such curve.
 */
export function fitFrontier(runs: readonly Pick<TradeOff, "steps" | "examples">[]): Frontier {
  let [aa, ab, bb, a, b] = [0, 0, 0, 0, 0];
  for (const { steps, examples } of runs) {
    const [p, q] = [1 / steps, 1 / examples];
    [aa, ab, bb, a, b] = [aa + p * p, ab + p * q, bb + q * q, a + p, b + q];
  }
  const determinant = aa * bb - ab * ab;
  const frontier = {
    leastSteps: (a * bb - b * ab) / determinant,
    leastExamples: (b * aa - a * ab) / determinant,
  };
  if (!(determinant > 1e-12 * aa * bb && frontier.leastSteps > 0 && frontier.leastExamples > 0)) {
    throw new RangeError(
      `Cannot fit the frontier as ${runs.length} runs of at least 2 batch sizes must trade steps for examples: the fit gives ${frontier.leastSteps} steps and ${frontier.leastExamples} examples`,
    );
  }
  return frontier;
}

function checkFrontier({ leastSteps, leastExamples }: Frontier): void {
  for (const [name, value] of Object.entries({ leastSteps, leastExamples })) {
    if (!(value > 0 && value < Infinity)) {
      throw new RangeError(
        `Cannot predict steps as ${name} must be positive and finite: current value is ${value}`,
      );
    }
  }
}

export interface MeasureNoiseOptions {
  readonly vector: ParameterVector;
  /** For batches of the small size. */
  readonly program: { readonly batch: Batch; readonly batchSize: number; run(step: number): Promise<number> };
  fill(step: number, batch: Batch): void;
  /** Small batches that make up a big one; 16 by default. */
  readonly parts?: number;
  /** Big batches, each a sample; 32 by default. */
  readonly samples?: number;
  /** The step whose batch is the first; the following ones are those of the following steps. */
  readonly firstStep?: number;
}

/**
 * Samples at the parameters of the moment: the big batch's gradient is the mean of its small batches', |G_b|² the mean of theirs.
 * Gradients and buffers are put back afterwards. Batches of one epoch are drawn without replacement, which makes samples that
 * use up a good part of it less independent than their error assumes.
 */
export async function measureNoise(options: MeasureNoiseOptions): Promise<NoiseSample[]> {
  const { vector, program, fill, parts = 16, samples = 32, firstStep = 0 } = options;
  for (const [name, value, least] of [
    ["parts", parts, 2],
    ["samples", samples, 1],
    ["firstStep", firstStep, 0],
  ] as const) {
    if (!(Number.isSafeInteger(value) && value >= least)) {
      throw new RangeError(
        `Cannot measure the noise scale as ${name} must be a whole number, at least ${least}: current value is ${value}`,
      );
    }
  }
  const [gradients, buffers] = [vector.gradients.slice(), vector.buffers.slice()];
  const mean = new Float64Array(vector.size);
  const found: NoiseSample[] = [];
  try {
    for (let sample = 0; sample < samples; sample++) {
      mean.fill(0);
      let small = 0;
      for (let part = 0; part < parts; part++) {
        const step = firstStep + sample * parts + part;
        fill(step, program.batch);
        await program.run(step);
        small += squaredNorm(vector.gradients) / parts;
        for (let i = 0; i < mean.length; i++) mean[i]! += vector.gradients[i]! / parts;
      }
      found.push({
        small: { batchSize: program.batchSize, squaredNorm: small },
        big: { batchSize: program.batchSize * parts, squaredNorm: squaredNorm(mean) },
      });
    }
    return found;
  } finally {
    vector.gradients.set(gradients);
    vector.buffers.set(buffers);
  }
}

function squaredNorm(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return sum;
}

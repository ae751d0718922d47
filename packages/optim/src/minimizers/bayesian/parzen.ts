/**
 * Parzen estimators of one axis: the density of past observations, a mixture of one kernel per observation and one broad one, the
 * prior. Kernels are normals cut off at 0 and 1, masses of cells on an ordered axis, and nearly one-hot rows among choices.
 *
 * Source  Bergstra et al., NIPS 2011, §4; Watanabe, arXiv:2304.11127; as in Optuna 5 (`_ParzenEstimator`), of which it has the widths,
 *         weights and clips. Optuna's are relative to the bounds of each parameter, these to [0, 1]: densities differ by a factor only.
 */
import type { Stream } from "@thalweg/random";
import { between, LOG_ROOT_TWO_PI } from "./normal-distribution.ts";
import { type Axis, cellCount, cellOf, middleOf } from "./observation.ts";

/** A mixture over one axis. */
export interface Parzen {
  /** Of each kernel, the prior's last; they sum to 1. */
  readonly weights: Float64Array;
  /** log of kernel k's density, or of its mass in a cell, at u. */
  logKernel(k: number, u: number): number;
  /** A draw from kernel k. */
  draw(k: number, random: Stream): number;
}

/** The latest observations that count fully; earlier ones fade linearly towards 1/n. */
const FULL_WEIGHT = 25;

/** Weights of n observations, oldest first: 1 each up to 25; beyond, a ramp from 1/n and 25 ones. The prior's, 1, is not among them. */
export function fadingWeights(n: number): number[] {
  const ramp = Math.max(0, n - FULL_WEIGHT);
  return Array.from({ length: n }, (_, i) => {
    if (i >= ramp) return 1;
    return ramp === 1 ? 1 / n : 1 / n + ((1 - 1 / n) * i) / (ramp - 1);
  });
}

function mixtureWeights(n: number): Float64Array {
  const all = [...fadingWeights(n), 1];
  const total = all.reduce((sum, one) => sum + one, 0);
  return Float64Array.from(all, (one) => one / total);
}

/**
 * Widths of the kernels on [0, 1]: the distance to the further neighbour, for the first and last to the only one (with 0 and 1 for neighbours
 * where there is a single observation), not below 1/min(100, n + 2). In the order of the observations; the prior's, 1, comes last.
 */
export function kernelWidths(observations: readonly number[]): number[] {
  const n = observations.length;
  const order = observations.map((_, i) => i).sort((a, b) => observations[a]! - observations[b]!);
  const sorted = order.map((i) => observations[i]!);
  const least = 1 / Math.min(100, n + 2);
  const widths = new Array<number>(n);
  for (const [at, i] of order.entries()) {
    const left = at > 0 ? sorted[at]! - sorted[at - 1]! : n > 1 ? 0 : sorted[at]!;
    const right = at < n - 1 ? sorted[at + 1]! - sorted[at]! : n > 1 ? 0 : 1 - sorted[at]!;
    widths[i] = Math.min(1, Math.max(least, left, right));
  }
  return [...widths, 1];
}

/** Width of every observation's kernel where one mixture spans several axes: Scott's exponent, as Optuna has it. */
const jointWidth = (n: number, axes: number): number => {
  const width = 0.2 * Math.max(n, 1) ** (-1 / (axes + 4));
  return Math.min(1, Math.max(1 / Math.min(100, n + 2), width));
};

/** The estimator of one axis. `axesTogether`: how many axes share the mixture's kernels; 1 when each has its own. */
export function parzen(axis: Axis, observations: readonly number[], axesTogether = 1): Parzen {
  if (axis.kind === "choices") return choiceParzen(axis, observations);
  const n = observations.length;
  const means = [...observations, 0.5];
  const widths =
    axesTogether === 1
      ? kernelWidths(observations)
      : [...new Array<number>(n).fill(jointWidth(n, axesTogether)), 1];
  const cell = axis.kind === "ordered" ? axis : undefined;
  const edgesAround = (u: number) => {
    const at = cellOf(cell!, u);
    return [cell!.edges[at]!, cell!.edges[at + 1]!] as const;
  };
  // of each kernel, the logarithm of what is inside [0, 1], and of the density's factor
  const inside = means.map((mean, k) => Math.log(between(-mean / widths[k]!, (1 - mean) / widths[k]!)));
  const factors = widths.map((width, k) => -LOG_ROOT_TWO_PI - Math.log(width) - inside[k]!);
  return {
    weights: mixtureWeights(n),
    logKernel(k, u) {
      const mean = means[k]!;
      const width = widths[k]!;
      if (cell === undefined) return factors[k]! - 0.5 * ((u - mean) / width) ** 2;
      const [low, high] = edgesAround(u);
      return Math.log(between((low - mean) / width, (high - mean) / width)) - inside[k]!;
    },
    draw(k, random) {
      // at least a third of each kernel lies inside: half a narrow one at a bound, 0.34 of one of width 1 there
      for (;;) {
        const u = means[k]! + widths[k]! * random.normal();
        if (u >= 0 && u < 1) return cell === undefined ? u : middleOf(cell, cellOf(cell, u));
      }
    },
  };
}

/** Kernel k gives 1 + p to what was observed and p to every other choice, with p = 1/(n + 1); the prior gives all the same. */
function choiceParzen(axis: Extract<Axis, { kind: "choices" }>, observations: readonly number[]): Parzen {
  const n = observations.length;
  const observed = observations.map((u) => cellOf(axis, u));
  const spread = 1 / (n + 1);
  const count = cellCount(axis);
  const total = spread * count;
  const probability = (k: number, choice: number) =>
    k === n ? 1 / count : (spread + (observed[k] === choice ? 1 : 0)) / (total + 1);
  return {
    weights: mixtureWeights(n),
    logKernel: (k, u) => Math.log(probability(k, cellOf(axis, u))),
    draw(k, random) {
      let left = random.uniform();
      for (let choice = 0; choice < count; choice++) {
        left -= probability(k, choice);
        if (left < 0) return middleOf(axis, choice);
      }
      return middleOf(axis, count - 1);
    },
  };
}

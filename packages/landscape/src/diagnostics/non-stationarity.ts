/**
 * Whether a run rests where it is, or moves on with a loss that does not show it. Networks often train at a loss that stands still while
 * weights keep moving and the gradient of all data stays far from zero: neither a minimum, nor a diffusion in one.
 *
 *   lossSlope          of the batches' loss against the step, by least squares
 *   squaredGradient    mean of the unbiased ‖G‖²; noise  mean of tr Σ / B_step; both at the run's points
 *   autocorrelation    mean cosine of updates some steps apart
 *   diffusion          γ of ‖θ_{t+k} − θ_t‖ ~ k^γ: 1 goes straight on, ½ is a random walk, 0 stays where it is
 *
 * Source   Zhang, Li, Sra & Jadbabaie, "Neural network weights do not converge to stationary points", arXiv:2110.06256.
 */
import type { Diagnosis } from "./monitor.ts";

export interface NonStationarity {
  /** First and last step of the lines. */
  readonly from: number;
  readonly to: number;
  readonly lossSlope: number;
  readonly squaredGradient?: number;
  /** tr Σ, of one example. */
  readonly noise?: number;
  readonly autocorrelation?: number;
  /** Undefined where the distances are all over equally many steps. */
  readonly diffusion?: number;
}

/** Of some lines, such as the last of a run; undefined for fewer than two. */
export function nonStationarity(lines: readonly Diagnosis[]): NonStationarity | undefined {
  const [first, last] = [lines[0], lines.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const examples = lines.flatMap((line) => (line.examples ? [line.examples] : []));
  const since = lines.flatMap((line) => (line.tensors?.since ? [line.tensors.since] : []));
  const moved = since.filter(({ distance }) => distance > 0);
  const diffusion = slopeOf(
    moved.map(({ steps }) => Math.log(steps)),
    moved.map(({ distance }) => Math.log(distance)),
  );
  return {
    from: first.step,
    to: last.step,
    lossSlope: slopeOf(
      lines.map(({ step }) => step),
      lines.map(({ loss }) => loss),
    ),
    ...(examples.length > 0 && {
      squaredGradient: meanOf(examples.map((one) => one.squaredGradient)),
      noise: meanOf(examples.map(({ trace }) => trace)),
    }),
    ...(since.length > 0 && { autocorrelation: meanOf(since.map(({ cosine }) => cosine)) }),
    ...(Number.isFinite(diffusion) && { diffusion }),
  };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** NaN where all x are the same. */
function slopeOf(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [meanOf(x), meanOf(y)];
  const spread = x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  return spread === 0
    ? Number.NaN
    : x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0) / spread;
}

/**
 * The learning rate for another batch size.
 *
 *   linear       lr · B′/B                             as many examples move the parameters as far; while B′ ≪ B_noise
 *   sqrt         lr · √(B′/B)                          the variance of the update stays; customary for Adam and its kin
 *   noise-scale  lr · (1 + B_noise/B)/(1 + B_noise/B′)  from lr_opt(B) = lr_max / (1 + B_noise/B)
 *
 * The third goes over from linear, while batches are small against the gradient noise scale, to constant, where more examples no
 * longer make the gradient better. `noiseScale` of @thalweg/train measures B_noise.
 *
 * Sources  Goyal et al., "Accurate, large minibatch SGD", arXiv:1706.02677, §2.1 (linear, with warm-up; to batches of 8192);
 *          Krizhevsky, "One weird trick", arXiv:1404.5997, §5 (√k is what theory says; linear worked better there);
 *          McCandlish et al., "An empirical model of large-batch training", arXiv:1812.06162, eq. 2.6.
 */

export const RATE_SCALINGS = {
  linear: (ratio: number) => ratio,
  sqrt: Math.sqrt,
} as const;

export type RateScaling = keyof typeof RATE_SCALINGS | "noise-scale";

/**
 * The rate at batch size `to` that corresponds to `lr` at batch size `from`. "noise-scale" needs the noise scale, in examples;
 * Infinity is linear scaling, 0 none. Raises RangeError for a rate or size that is not positive and finite.
 *
 * @example scaleRate(0.1, 256, 8192, "linear") // 3.2
 */
export function scaleRate(
  lr: number,
  from: number,
  to: number,
  scaling: RateScaling,
  noiseScale?: number,
): number {
  for (const [name, value] of Object.entries({ lr, from, to })) {
    if (!(value > 0 && value < Infinity)) {
      throw new RangeError(
        `Cannot scale the learning rate as ${name} must be positive and finite: current value is ${value}`,
      );
    }
  }
  if (scaling !== "noise-scale") {
    if (!Object.hasOwn(RATE_SCALINGS, scaling)) {
      throw new RangeError(
        `Cannot scale the learning rate as the scaling must be linear, sqrt or noise-scale: current value is ${scaling}`,
      );
    }
    return lr * RATE_SCALINGS[scaling](to / from);
  }
  if (noiseScale === undefined || !(noiseScale >= 0)) {
    throw new RangeError(
      `Cannot scale the learning rate by noise scale as it must be given in examples, 0 or more: current value is ${noiseScale}`,
    );
  }
  // Each bracket times its batch size, so that an infinite noise scale has a limit to go to.
  if (noiseScale === Number.POSITIVE_INFINITY) return (lr * to) / from;
  return lr * (((from + noiseScale) / (to + noiseScale)) * (to / from));
}

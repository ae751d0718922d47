/**
 * How far the loss rises on average when every parameter is disturbed in proportion to its scale:
 *
 *   E[L(θ + δ)] − L(θ)     δ = ρ c ⊙ z,  z standard normal        ≈ ½ρ² Σ cᵢ² Hᵢᵢ for small ρ
 *
 * Source  Andriushchenko et al., arXiv:2302.07011, section 3; with c = 1 the mean-field flatness of Keskar and others.
 */
import { stream } from "@thalweg/random";
import type { SampledLoss } from "../curvature/sampled-loss.ts";
import type { Estimate } from "../curvature/trace.ts";
import { fromHere, type NeighbourhoodOptions, scaleOf } from "./neighbourhood.ts";

export interface AverageCaseOptions extends NeighbourhoodOptions {
  /** How many δ; 100 by default. */
  readonly draws?: number;
  readonly seed?: number;
}

/** Draw and average. θ is afterwards what it was. Raises RangeError for fewer than two draws, and as `scaleOf`. */
export function averageCase(loss: SampledLoss, options: AverageCaseOptions): Promise<Estimate> {
  const { radius, draws = 100, seed = 0 } = options;
  if (!(Number.isSafeInteger(draws) && draws >= 2)) {
    throw new RangeError(
      `Cannot measure sharpness as draws must be a whole number, at least 2: current value is ${draws}`,
    );
  }
  const c = scaleOf(loss, options);
  const z = new Float32Array(c.length);
  return fromHere(loss, async (write) => {
    const start = await loss.value();
    let mean = 0;
    let squares = 0;
    for (let draw = 1; draw <= draws; draw++) {
      stream(seed, "sharpness", draw).fillNormal(z);
      write(c.map((scale, i) => radius * scale * z[i]!));
      const rise = (await loss.value()) - start;
      const deviation = rise - mean;
      mean += deviation / draw;
      squares += deviation * (rise - mean);
    }
    return { value: mean, standardError: Math.sqrt(squares / (draws * (draws - 1))) };
  });
}

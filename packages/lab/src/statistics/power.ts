/**
 * How many seeds a difference needs.
 *
 *   n = ((z_α + z_β) s_d / δ)²        α = 0.01 one-sided, power 0.8: 10.04 (s_d / δ)²
 *
 * δ is how far the mean difference lies outside the A/A band: inside it no number of seeds helps, only more trials of the search do.
 */
import { normalQuantile } from "./distributions.ts";

const ALPHA_ONE_SIDED = 0.01;
const POWER = 0.8;
const FACTOR = (normalQuantile(1 - ALPHA_ONE_SIDED) + normalQuantile(POWER)) ** 2;

/** Seeds to tell a mean difference from the band; `null` where it lies inside, at least 2 else. */
export function seedsNeeded(mean: number, standardDeviation: number, halfWidth: number): number | null {
  const margin = Math.abs(mean) - halfWidth;
  if (!(margin > 0)) return null;
  return Math.max(2, Math.ceil(FACTOR * (standardDeviation / margin) ** 2));
}

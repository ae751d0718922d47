/**
 * The logarithm of expected improvement, and its derivative, without underflow.
 *
 *   EI = E max(best − Y, 0) = σ h(z),   h(z) = φ(z) + z Φ(z),   z = (best − μ)/σ,   Y normal with mean μ and deviation σ
 *
 * Where nothing good is expected EI underflows to 0 and has no gradient to follow; its logarithm falls as −z²/2 and has one
 * everywhere. With c(z) = √(π/2) erfcx(−z/√2) = Φ/φ the tail is h = φ (1 + z c), and at last φ/z².
 *
 * Source  Ament, Daulton, Eriksson, Balandat & Bakshy, arXiv:2310.20708, eq. 9 and §4.1.
 */
import { cumulative, density, erfcx, LOG_ROOT_TWO_PI } from "./normal-distribution.ts";

/** Below, 1 + z c has lost all its digits, and 1/z² has them all. */
const FAR = -1 / Math.sqrt(Number.EPSILON);
const ROOT_HALF_PI = Math.sqrt(Math.PI / 2);

/** Φ(z)/φ(z). */
const massOverDensity = (z: number): number => ROOT_HALF_PI * erfcx(-z / Math.SQRT2);

/** log h(z). */
export function logH(z: number): number {
  if (z > -1) return Math.log(density(z) + z * cumulative(z));
  const logDensity = -0.5 * z * z - LOG_ROOT_TWO_PI;
  return z > FAR ? logDensity + Math.log(1 + z * massOverDensity(z)) : logDensity - 2 * Math.log(-z);
}

/** d log h / dz = Φ(z)/h(z): near 1/z where z is large, near −z far below. */
export function logHSlope(z: number): number {
  if (z > -1) return cumulative(z) / (density(z) + z * cumulative(z));
  if (z <= FAR) return -z - 2 / z;
  const c = massOverDensity(z);
  return c / (1 + z * c);
}

/** log EI of a normal with this mean and deviation below `best`. */
export const logExpectedImprovement = (mean: number, deviation: number, best: number): number =>
  Math.log(deviation) + logH((best - mean) / deviation);

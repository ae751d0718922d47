/**
 * A robust local-linear fit (LOESS) of loss against ln lr: level and slope at every point of a noisy curve.
 *
 *   at u₀, weights w_i = (1 − (|u_i − u₀|/h)³)³ · b_i within |u_i − u₀| < h, and the line a + s(u − u₀) of least Σ w (y − …)²
 *   b_i = (1 − (r_i/6M_i)²)², from the residuals r of the fit before; M_i is their median about u_i
 *
 * The half-width h is a length in u, not a count of points, so a test that ended early is smoothed as much as one that did not.
 * Residuals are judged by those nearby, as the noise at high rates is another one than at low rates. Losses are capped, at the
 * level before learning: what is worse than untrained says no more than that, and an explosion must not bend the curve.
 *
 * Source   Cleveland, "Robust locally weighted regression", JASA 74 (1979), with span in u and local scale.
 */

export interface Fit {
  /** ln lr. */
  readonly u: readonly number[];
  /** Smoothed loss. */
  readonly level: readonly number[];
  /** dℓ/d ln lr. */
  readonly slope: readonly number[];
}

const ROBUST_ITERATIONS = 2;

/** An outlier keeps a little weight, so that no neighbourhood is ever empty. */
const LEAST_WEIGHT = 1e-3;

/**
 * Fit losses at rising rates; `halfWidth` in units of ln lr. A loss above `cap`, or one that is no number, counts as `cap`.
 */
export function fitLocally(
  rates: readonly number[],
  losses: readonly number[],
  { halfWidth, cap }: { halfWidth: number; cap: number },
): Fit {
  const u = rates.slice(0, losses.length).map(Math.log);
  const y = losses.map((loss) => (loss <= cap ? loss : cap));
  const near = neighbourhoods(u, halfWidth);
  const robustness = y.map(() => 1);
  for (let iteration = 0; ; iteration++) {
    const lines = u.map((at, i) => line(u, y, robustness, at, halfWidth, near[i]!));
    if (iteration === ROBUST_ITERATIONS) {
      return { u, level: lines.map(({ level }) => level), slope: lines.map(({ slope }) => slope) };
    }
    const residuals = y.map((value, i) => Math.abs(value - lines[i]!.level));
    near.forEach(([begin, end], i) => {
      const scale = 6 * median(residuals.slice(begin, end));
      const ratio = scale > 0 ? Math.min(residuals[i]! / scale, 1) : 0;
      robustness[i] = Math.max(LEAST_WEIGHT, (1 - ratio * ratio) ** 2);
    });
  }
}

/** For each point, the range of indices within the half-width. */
function neighbourhoods(u: readonly number[], halfWidth: number): [begin: number, end: number][] {
  let begin = 0;
  let end = 0;
  return u.map((at) => {
    while (u[begin]! <= at - halfWidth) begin++;
    while (end < u.length && u[end]! < at + halfWidth) end++;
    return [begin, end];
  });
}

function line(
  u: readonly number[],
  y: readonly number[],
  robustness: readonly number[],
  at: number,
  halfWidth: number,
  [begin, end]: readonly [number, number],
): { level: number; slope: number } {
  let [sum, sumU, sumY, sumUU, sumUY] = [0, 0, 0, 0, 0];
  for (let i = begin; i < end; i++) {
    const d = u[i]! - at;
    const weight = (1 - Math.abs(d / halfWidth) ** 3) ** 3 * robustness[i]!;
    sum += weight;
    sumU += weight * d;
    sumY += weight * y[i]!;
    sumUU += weight * d * d;
    sumUY += weight * d * y[i]!;
  }
  const spread = sum * sumUU - sumU * sumU;
  const slope = spread > 1e-12 * sum * sumUU ? (sum * sumUY - sumU * sumY) / spread : 0;
  return { level: (sumY - slope * sumU) / sum, slope };
}

/** The middle value, or the mean of the two in the middle; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

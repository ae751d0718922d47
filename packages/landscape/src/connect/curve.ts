/**
 * Curves between two models. A curve has its ends, which stand still, and bends between them, which are trained:
 *
 *   φ(t) = Σ c_i(t) w_i        w_0 and w_n the ends, t in [0, 1]
 *   bezier   c_i = C(n, i) tⁱ (1 − t)ⁿ⁻ⁱ
 *   chain    c_i = max(0, 1 − |t n − i|)         straight pieces
 *
 * The c_i add up to 1, so a loss's gradient with respect to w_i is c_i(t) times that with respect to φ(t), and no more than a training
 * program is needed. Without bends both are the straight line.
 *
 * Source: Garipov et al., arXiv:1802.10026, section 3.2.
 */
import { dot } from "@thalweg/optim";
import { difference } from "../families/models.ts";

export const curveKinds = ["bezier", "chain"] as const;
export type CurveKind = (typeof curveKinds)[number];

export interface Curve {
  readonly kind: CurveKind;
  /** w_0 … w_n: end, bends, end. */
  readonly points: readonly Float32Array[];
}

const COEFFICIENTS: Readonly<Record<CurveKind, (t: number, i: number, n: number) => number>> = {
  bezier: (t, i, n) => binomial(n, i) * t ** i * (1 - t) ** (n - i),
  chain: (t, i, n) => Math.max(0, 1 - Math.abs(t * n - i)),
};

/** c_0 … c_n at t, for a curve of so many points. */
export const coefficients = (kind: CurveKind, t: number, points: number): number[] =>
  Array.from({ length: points }, (_, i) => COEFFICIENTS[kind](t, i, points - 1));

/** Write φ(t), summed in float64. */
export function writeCurve({ kind, points }: Curve, t: number, out: Float32Array): void {
  const weights = coefficients(kind, t, points.length);
  for (let j = 0; j < out.length; j++) {
    let sum = 0;
    for (let i = 0; i < points.length; i++) sum += weights[i]! * points[i]![j]!;
    out[j] = sum;
  }
}

/** A curve whose bends lie on the straight line from a to b, as evenly as its kind has them: where training starts. */
export function straightCurve(kind: CurveKind, a: Float32Array, b: Float32Array, bends: number): Curve {
  if (a.length !== b.length) {
    throw new RangeError(
      `Cannot connect two models as both must have as many parameters: they have ${a.length} and ${b.length}`,
    );
  }
  if (a.every((value, i) => value === b[i])) {
    throw new RangeError(
      `Cannot connect two models as they must differ: all ${a.length} parameters are the same`,
    );
  }
  if (!(Number.isSafeInteger(bends) && bends >= 0)) {
    throw new RangeError(
      `Cannot connect two models as the number of bends must be whole, at least 0: current value is ${bends}`,
    );
  }
  const between = (share: number) => a.map((value, i) => value + share * (b[i]! - value));
  return {
    kind,
    points: [a, ...Array.from({ length: bends }, (_, k) => between((k + 1) / (bends + 1))), b],
  };
}

/**
 * The length of each chord between neighbouring t, by the products of the points alone:
 *
 *   ‖φ(t′) − φ(t)‖² = Δcᵀ G Δc        G_ij = ⟨w_i − w_0, w_j − w_0⟩
 */
export function chordLengths({ kind, points }: Curve, at: readonly number[]): number[] {
  const steps = points.slice(1).map((point) => difference(point, points[0]!));
  const products = steps.map((a) => steps.map((b) => dot(a, b)));
  const places = at.map((t) => coefficients(kind, t, points.length).slice(1));
  return places.slice(1).map((place, k) => {
    const moved = place.map((c, i) => c - places[k]![i]!);
    const square = moved.reduce(
      (sum, a, i) => sum + moved.reduce((row, b, j) => row + a * b * products[i]![j]!, 0),
      0,
    );
    return Math.sqrt(Math.max(0, square));
  });
}

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
  return value;
}

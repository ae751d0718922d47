/**
 * Curves of several runs as one: at each step that all of them have reached and measured, the mean or the median, and a band. Where some run has no
 * value, as after it diverged, there is no mean: one over those that are left would be better than the truth.
 *
 *   range      least and greatest
 *   deviation  mean ± s,  s² = Σ(yᵢ − ȳ)² / (n − 1)
 *   interval   mean ± t s / √n: 95 % for the mean, if values are normal
 */

export interface Curve {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

export interface Aggregate extends Curve {
  /** Empty for a single run. */
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export const BANDS = ["range", "interval", "deviation", "none"] as const;
export type Band = (typeof BANDS)[number];
export const CENTRES = ["mean", "median"] as const;
export type Centre = (typeof CENTRES)[number];

export interface Measured extends Curve {
  /** What values are aligned by. */
  readonly step: Float64Array;
}

export function aggregate(curves: readonly Measured[], centre: Centre, band: Band): Aggregate {
  const [first] = curves;
  const empty = new Float64Array(0);
  if (first === undefined) return { x: empty, y: empty, low: empty, high: empty };
  if (curves.length === 1) return { x: first.x, y: first.y, low: empty, high: empty };
  const places = commonPlaces(curves);
  const count = places[0]!.length;
  const [x, y, low, high] = [0, 0, 0, 0].map(() => new Float64Array(count)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const values = new Float64Array(curves.length);
  for (let k = 0; k < count; k++) {
    let sumX = 0;
    for (let run = 0; run < curves.length; run++) {
      const at = places[run]![k]!;
      sumX += curves[run]!.x[at]!;
      values[run] = curves[run]!.y[at]!;
    }
    x[k] = sumX / curves.length;
    const spread = spreadOf(values, band);
    y[k] = centre === "mean" ? spread.mean : medianOf(values);
    low[k] = spread.low;
    high[k] = spread.high;
  }
  return band === "none" ? { x, y, low: empty, high: empty } : { x, y, low, high };
}

/** For each curve the places of the steps that all have. */
function commonPlaces(curves: readonly Measured[]): Uint32Array[] {
  const [first] = curves as [Measured];
  const shortest = Math.min(...curves.map(({ step }) => step.length));
  const alike = curves.every(({ step }) =>
    step.subarray(0, shortest).every((value, i) => value === first.step[i]),
  );
  if (alike) {
    const same = Uint32Array.from({ length: shortest }, (_, i) => i);
    return curves.map(() => same);
  }
  const maps = curves.map(({ step }) => new Map(Array.from(step, (value, i) => [value, i] as const)));
  const common = Array.from(first.step).filter((value) => maps.every((places) => places.has(value)));
  return maps.map((places) => Uint32Array.from(common, (value) => places.get(value)!));
}

function spreadOf(values: Float64Array, band: Band): { mean: number; low: number; high: number } {
  const n = values.length;
  let [sum, least, greatest] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    sum += value;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const mean = sum / n; // NaN where one is
  if (Number.isNaN(mean)) return { mean, low: Number.NaN, high: Number.NaN };
  if (band === "range") return { mean, low: least, high: greatest };
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  const deviation = Math.sqrt(squares / (n - 1));
  const half = band === "interval" ? (studentT(n - 1) * deviation) / Math.sqrt(n) : deviation;
  return { mean, low: mean - half, high: mean + half };
}

function medianOf(values: Float64Array): number {
  if (values.some(Number.isNaN)) return Number.NaN;
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * The 97.5th percentile of Student's t. Exact to the digits given for up to 30 degrees of freedom (the usual table, from scipy.stats.t.ppf); beyond, Cornish
 * and Fisher's expansion around the normal's 1.959964, which is exact to 1e-5 there.
 */
export function studentT(degrees: number): number {
  const known = TABLE[degrees - 1];
  if (known !== undefined) return known;
  const z = 1.959963984540054;
  const n = degrees;
  return (
    z +
    (z ** 3 + z) / (4 * n) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * n ** 3)
  );
}

const TABLE = [
  12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
  2.200985, 2.178813, 2.160369, 2.144787, 2.13145, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963, 2.079614,
  2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.04523, 2.042272,
];

/**
 * A running mean that forgets, without the pull to its start that a plain one has:
 *
 *   sₖ = w sₖ₋₁ + (1 − w) yₖ,   ŷₖ = sₖ / (1 − wᵏ)
 *
 * NaN stays where it is, and counts for nothing afterwards. Weight 0 gives the values themselves.
 */
export function smooth(y: Float64Array, weight: number): Float64Array {
  if (weight === 0) return y;
  const smoothed = new Float64Array(y.length);
  let [sum, total] = [0, 0];
  y.forEach((value, k) => {
    if (Number.isFinite(value)) {
      sum = weight * sum + (1 - weight) * value;
      total = weight * total + (1 - weight);
    }
    smoothed[k] = Number.isFinite(value) ? sum / total : Number.NaN;
  });
  return smoothed;
}

/**
 * Lines, planes and cubes in parameter space: θ(c) = θ₀ + Σ c_k v_k. One form for all of them, whatever made the directions. A point
 * is always computed from θ₀, in float64 and rounded once, so no error builds up along a row.
 */
import { dot, norm } from "@thalweg/optim";

export interface AffineFamily {
  /** θ₀ */
  readonly origin: Float32Array;
  /** v₁ … v_k */
  readonly basis: readonly Float32Array[];
  /** What each direction is, as an axis is labelled. */
  readonly labels: readonly string[];
  /** Buffers at the origin, such as running statistics, and how they move along each direction where they do. */
  readonly buffers?: { readonly origin: Float32Array; readonly basis?: readonly Float32Array[] };
}

/** Directions whose angle is smaller than this share a line in float32. */
const PARALLEL = 1e-4;

/**
 * A family of any dimension from 1. Raises RangeError for directions of other lengths than θ₀, for one that is zero, and for some
 * that span less than they should.
 */
export function affineFamily(family: AffineFamily): AffineFamily {
  const { origin, basis, labels } = family;
  if (basis.length === 0 || labels.length !== basis.length) {
    throw new RangeError(
      `Cannot span a family as it needs directions, and a label for each: found ${basis.length} and ${labels.length}`,
    );
  }
  basis.forEach((direction, k) => {
    if (direction.length !== origin.length) {
      throw new RangeError(
        `Cannot span a family as direction ${labels[k]} must have as many numbers as the origin, ${origin.length}: found ${direction.length}; was it made for another model?`,
      );
    }
    const length = norm(direction);
    if (!(length > 0 && length < Number.POSITIVE_INFINITY)) {
      throw new RangeError(
        `Cannot span a family as direction ${labels[k]} must have a length: it is ${length}${length === 0 ? "; do all weights that it moves vanish, or are the two models the same?" : ""}`,
      );
    }
  });
  requireIndependent(family);
  return family;
}

/** Gram–Schmidt on unit vectors: what is left of each must be more than rounding. */
function requireIndependent({ basis, labels }: AffineFamily): void {
  const units: Float64Array[] = [];
  basis.forEach((direction, k) => {
    const length = norm(direction);
    const rest = Float64Array.from(direction, (value) => value / length);
    for (const unit of units) {
      let share = 0;
      for (let i = 0; i < rest.length; i++) share += rest[i]! * unit[i]!;
      for (let i = 0; i < rest.length; i++) rest[i]! -= share * unit[i]!;
    }
    let left = 0;
    for (const value of rest) left += value * value;
    left = Math.sqrt(left);
    if (!(left > PARALLEL)) {
      throw new RangeError(
        `Cannot span a family as direction ${labels[k]} must leave the span of ${labels.slice(0, k).join(", ")}: its share outside is ${left.toExponential(1)}, so they are parallel; choose another direction, or draw a line`,
      );
    }
    units.push(rest.map((value) => value / left));
  });
}

/** Write θ(c) to `out`, or those parts [begin, end) of it that are given. */
export function writePoint(
  { origin, basis }: Pick<AffineFamily, "origin" | "basis">,
  coordinates: readonly number[],
  out: Float32Array,
  parts: readonly (readonly [begin: number, end: number])[] = [[0, origin.length]],
): void {
  const [u, v] = basis as [Float32Array, Float32Array?];
  const [a, b] = coordinates as [number, number];
  for (const [begin, end] of parts) {
    if (basis.length === 1) {
      for (let i = begin; i < end; i++) out[i] = origin[i]! + a * u[i]!;
    } else if (basis.length === 2) {
      for (let i = begin; i < end; i++) out[i] = origin[i]! + a * u[i]! + b * v![i]!;
    } else {
      for (let i = begin; i < end; i++) {
        let value = origin[i]!;
        for (let k = 0; k < basis.length; k++) value += coordinates[k]! * basis[k]![i]!;
        out[i] = value;
      }
    }
  }
}

/** A copy of θ(c). */
export function pointOf(
  family: Pick<AffineFamily, "origin" | "basis">,
  coordinates: readonly number[],
): Float32Array {
  const out = new Float32Array(family.origin.length);
  writePoint(family, coordinates, out);
  return out;
}

/** ‖θ(c)‖² for any c in closed form, from the products of θ₀ and the directions: weight decay needs no evaluation. */
export function squaredNorm({ origin, basis }: AffineFamily): (coordinates: readonly number[]) => number {
  const all = [origin, ...basis];
  const products = all.map((a) => all.map((b) => dot(a, b)));
  return (coordinates) => {
    const c = [1, ...coordinates];
    return c.reduce((sum, a, i) => sum + c.reduce((row, b, j) => row + a * b * products[i]![j]!, 0), 0);
  };
}

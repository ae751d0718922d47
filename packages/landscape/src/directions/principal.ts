/**
 * The directions along which a set of points in parameter space differs most, such as the checkpoints of a run: principal component
 * analysis by the T×T matrix of inner products, so that no matrix of all parameters is ever decomposed.
 *
 *   K_st = ⟨θ_s − m, θ_t − m⟩ = Σ_k λ_k a_k a_kᵀ        v_k = Σ_t a_kt (θ_t − m) / √λ_k
 *
 * The centre m is the mean of the points, or the last, or the first. The share of all variation (about m) that v_k explains is λ_k / Σ λ.
 * Directions are orthonormal. Each points to the side on which the first point lies at or below zero, so that paths go to the right and up.
 */

import { dot } from "@thalweg/optim";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

export interface PrincipalOptions {
  /** How many directions. */
  readonly count: number;
  /** "mean" by default. */
  readonly centre?: "mean" | "final" | "initial";
}

export interface Principal {
  readonly centre: Float32Array;
  readonly directions: readonly Float32Array[];
  /** Share of the variation, for as many components as there are, largest first. */
  readonly explained: readonly number[];
  /** Of each point: its coordinates along the directions. */
  readonly coordinates: readonly (readonly number[])[];
}

/** Components below this share of the largest are rounding. */
const LEAST = 1e-10;

/** Raises RangeError where the points do not span as many directions as are wanted. */
export function principalDirections(
  points: readonly Float32Array[],
  { count, centre: kind = "mean" }: PrincipalOptions,
): Principal {
  const [first] = points;
  const other = points.find(({ length }) => length !== first!.length);
  if (first === undefined || other !== undefined) {
    throw new RangeError(
      `Cannot find principal directions as there must be points of one model: ${first === undefined ? "there are none" : `they have ${first.length} and ${other!.length} parameters`}`,
    );
  }
  const centre = centreOf(points, kind);
  const rows = points.map((point) => point.map((value, i) => value - centre[i]!));
  const products = rows.map((a) => rows.map((b) => dot(a, b)));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(new Matrix(products), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, k) => k).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const values = order.map((k) => Math.max(0, realEigenvalues[k]!));
  const spanned = values.filter((value) => value > LEAST * values[0]!).length;
  if (!(values[0]! > 0 && count <= spanned)) {
    throw new RangeError(
      `Cannot find ${count} principal directions as the ${points.length} points must span as many: they span ${values[0]! > 0 ? spanned : 0}`,
    );
  }
  const total = values.reduce((sum, value) => sum + value, 0);
  const directions = order.slice(0, count).map((k, i) => {
    const weights = eigenvectorMatrix.getColumn(k);
    const sign = weights[0]! > 0 ? -1 : 1;
    const sum = new Float64Array(centre.length);
    rows.forEach((row, t) => {
      const weight = (sign * weights[t]!) / Math.sqrt(values[i]!);
      for (let j = 0; j < sum.length; j++) sum[j]! += weight * row[j]!;
    });
    return Float32Array.from(sum);
  });
  return {
    centre,
    directions,
    explained: values.map((value) => value / total),
    coordinates: rows.map((row) => directions.map((direction) => dot(row, direction))),
  };
}

function centreOf(points: readonly Float32Array[], kind: "mean" | "final" | "initial"): Float32Array {
  if (kind !== "mean") return (kind === "final" ? points.at(-1)! : points[0]!).slice();
  const sum = new Float64Array(points[0]!.length);
  for (const point of points) for (let i = 0; i < sum.length; i++) sum[i]! += point[i]!;
  return Float32Array.from(sum, (value) => value / points.length);
}

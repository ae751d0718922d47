/**
 * Points of parameter space seen on a line or a plane: the nearest point of the family, found by the Gram system, since directions need
 * be neither of unit length nor at right angles, and how far away from it they are.
 *
 *   G c = Vᵀ(θ − θ₀),  G = VᵀV        ρ = ‖(θ − θ₀) − V c‖ / ‖θ − θ₀‖
 *
 * A plane through a course often has little of it: of every move Δ the share that lies in the plane, ‖P Δ‖² / ‖Δ‖², says how much of
 * what happens the picture shows.
 *
 * Differs  tomgoldstein/loss-landscape projects by ⟨d, θ − θ₀⟩ / ‖d‖, which is right for orthonormal directions only.
 */

import { dot } from "@thalweg/optim";
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { AffineFamily } from "../families/affine.ts";
import { difference } from "../families/models.ts";

export interface Projection {
  /** c */
  readonly coordinates: readonly number[];
  /** ρ, in [0, 1]; 0 at θ₀ itself. */
  readonly residual: number;
}

/** Projects points, and moves, on one family. */
export class Projector {
  private readonly family: AffineFamily;
  private readonly gram: CholeskyDecomposition;

  constructor(family: AffineFamily) {
    this.family = family;
    const { basis } = family;
    this.gram = new CholeskyDecomposition(new Matrix(basis.map((a) => basis.map((b) => dot(a, b)))));
  }

  /** Raises RangeError for a point of another model. */
  point(point: Float32Array): Projection {
    const { origin } = this.family;
    if (point.length !== origin.length) {
      throw new RangeError(
        `Cannot project a point as it must have as many numbers as the plane's origin, ${origin.length}: found ${point.length}; is it of another model?`,
      );
    }
    return this.move(difference(point, origin));
  }

  /** A difference of two points: its coordinates, and the share of its length that is outside. */
  move(move: Float32Array): Projection {
    const { basis } = this.family;
    const products = basis.map((direction) => dot(direction, move));
    const coordinates = this.gram.solve(Matrix.columnVector(products)).getColumn(0);
    let outside = 0;
    let whole = 0;
    for (let i = 0; i < move.length; i++) {
      let rest = move[i]!;
      for (let k = 0; k < basis.length; k++) rest -= coordinates[k]! * basis[k]![i]!;
      outside += rest * rest;
      whole += move[i]! * move[i]!;
    }
    return { coordinates, residual: whole === 0 ? 0 : Math.sqrt(outside / whole) };
  }

  /** ‖P Δ‖² / ‖Δ‖²; NaN for no move. */
  capturedShare(move: Float32Array): number {
    const { residual } = this.move(move);
    return dot(move, move) === 0 ? Number.NaN : 1 - residual * residual;
  }
}

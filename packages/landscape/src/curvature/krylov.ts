/**
 * An orthonormal basis that grows by one product with the matrix at a time, and the matrix seen in it:
 *
 *   A V = V T + w eᵀ        V = [v₁ … v_m], T = VᵀAV, w ⟂ V, e the last unit vector
 *
 * From one starting vector this is Lanczos's process and T is tridiagonal. Every product is made orthogonal to the whole basis, twice:
 * without that, copies of eigenvalues found before come back. So T is stored in full, and the basis may also begin with Ritz
 * vectors of an earlier one ("thick restart", Wu & Simon 2000), for which T is an arrow and then tridiagonal.
 *
 * Memory is m vectors of float32.
 */

import { add, dot, norm } from "@thalweg/optim";
import type { CurvatureOperator } from "./operator.ts";
import { eigenOfSmall, projectTwice, randomUnit, type SmallSpectrum, unit } from "./vectors.ts";

/** Residuals this small against the matrix are rounding of float32 products: the basis spans an invariant space. */
const BREAKDOWN = 2 ** -22;

export interface KrylovOptions {
  readonly seed: number;
  /** Which of several processes of that seed; the first, 0, by default. */
  readonly run?: number;
  /** The first vector, of any length; drawn from the seed where it is left out, as others are when the process breaks down. */
  readonly start?: Float32Array | undefined;
}

export class Krylov {
  basis: Float32Array[] = [];
  /** T, row by row. */
  T: number[][] = [];
  /** ‖w‖ */
  beta = Number.POSITIVE_INFINITY;
  products = 0;
  private readonly operator: CurvatureOperator;
  private readonly from: KrylovOptions;
  private readonly w: Float64Array;
  /** The next vector of the basis; null where there is none left. */
  private next: Float32Array | null;
  /** The largest entry of T so far. */
  private scale = 0;
  private draws = 0;

  constructor(operator: CurvatureOperator, options: KrylovOptions) {
    const { start } = options;
    this.operator = operator;
    this.from = options;
    this.w = new Float64Array(operator.dimension);
    this.next = start !== undefined && norm(start) > 0 ? unit(start) : this.draw();
  }

  /** Whether the basis spans the whole space. */
  get complete(): boolean {
    return this.next === null;
  }

  /** One more vector, by one more product. */
  async extend(): Promise<void> {
    const { basis, T, w, next } = this;
    if (next === null) throw new TypeError("Cannot extend a basis as it spans the whole space");
    await this.operator.apply(next, w);
    this.products++;
    basis.push(next);
    const column = projectTwice(w, basis);
    const last = basis.length - 1;
    T.push(new Array<number>(basis.length).fill(0));
    for (let i = 0; i <= last; i++) {
      T[i]![last] = column[i]!;
      T[last]![i] = column[i]!;
      this.scale = Math.max(this.scale, Math.abs(column[i]!));
    }
    this.beta = norm(w);
    if (!Number.isFinite(this.beta)) {
      throw new RangeError(
        `Cannot extend a basis as products with the curvature must be finite: product ${this.products} is not; has the network diverged?`,
      );
    }
    if (basis.length === w.length) {
      this.beta = 0;
      this.next = null;
    } else if (this.beta <= BREAKDOWN * this.scale) {
      this.beta = 0;
      this.next = this.draw();
    } else {
      this.next = unit(w);
    }
  }

  /** Eigenvalues of T, and for each the length of A u − θ u of its Ritz vector u. */
  ritz(): SmallSpectrum & { residual(k: number): number } {
    const spectrum = eigenOfSmall(this.T);
    const last = this.basis.length - 1;
    return { ...spectrum, residual: (k) => this.beta * Math.abs(spectrum.entry(last, k)) };
  }

  /** u = V s */
  ritzVector({ entry }: SmallSpectrum, k: number): Float32Array {
    const u = new Float64Array(this.w.length);
    this.basis.forEach((v, row) => {
      add(u, entry(row, k), v);
    });
    return unit(u);
  }

  /** Go on from these Ritz vectors, and from the vector that would have come next. */
  restart(spectrum: SmallSpectrum, kept: readonly number[]): void {
    this.basis = kept.map((k) => this.ritzVector(spectrum, k));
    this.T = kept.map((k, row) => kept.map((_, column) => (row === column ? spectrum.values[k]! : 0)));
  }

  /** A random unit vector that is orthogonal to the basis. */
  private draw(): Float32Array | null {
    const { seed, run = 0 } = this.from;
    const v = randomUnit(this.operator.dimension, seed, `krylov/${run}`, this.draws++);
    const rest = new Float64Array(v);
    projectTwice(rest, this.basis);
    return dot(rest, rest) > 0 ? unit(rest) : null;
  }
}

/**
 * The central type: a symmetric matrix as large as a network's parameters squared, known only by its products with vectors. All that
 * is asked of a curvature (eigenvalues, trace, density) is computed from products, so that it runs alike on the Hessian of a
 * network, on its Gauss–Newton matrix, on either in other coordinates, and on a matrix that is written down.
 *
 * Vectors that are multiplied are float32, as kernels take them; products are sums over batches, and float64.
 */
import type { Segment } from "@thalweg/optim";

export interface CurvatureOperator {
  readonly dimension: number;
  /** Named parts of a vector, for traces of single tensors. */
  readonly segments?: readonly Segment[];
  /** Writes A v. */
  apply(v: Float32Array, into: Float64Array): Promise<void>;
}

/** A matrix that is there in full, row-major. Raises RangeError where it is not square. */
export function denseOperator(matrix: ArrayLike<number>, segments?: readonly Segment[]): CurvatureOperator {
  const n = Math.round(Math.sqrt(matrix.length));
  if (n * n !== matrix.length || n === 0) {
    throw new RangeError(
      `Cannot use a matrix as an operator as it must be square, row-major: it has ${matrix.length} numbers`,
    );
  }
  return {
    dimension: n,
    ...(segments && { segments }),
    async apply(v, into) {
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += matrix[i * n + j]! * v[j]!;
        into[i] = sum;
      }
    },
  };
}

/**
 * The curvature in the coordinates of a diagonally preconditioned method, in which its step is plain gradient descent:
 *
 *   D^-½ A D^-½        with the eigenvalues of D⁻¹A
 *
 * Source  Cohen et al., "Adaptive gradient methods at the edge of stability", arXiv:2207.14484, section 3: for Adam D = √v̂ + ε.
 *
 * Raises RangeError for a diagonal of another length, or with an entry that is not positive.
 */
export function preconditioned(operator: CurvatureOperator, diagonal: ArrayLike<number>): CurvatureOperator {
  const { dimension, segments } = operator;
  requireLength("precondition", diagonal, dimension);
  const scale = Float64Array.from(diagonal, (d) => 1 / Math.sqrt(d));
  const wrong = scale.findIndex((s) => !(s > 0 && s < Number.POSITIVE_INFINITY));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot precondition as every entry of the diagonal must be positive and finite: entry ${wrong} is ${diagonal[wrong]}`,
    );
  }
  const scaled = new Float32Array(dimension);
  return {
    dimension,
    ...(segments && { segments }),
    async apply(v, into) {
      for (let i = 0; i < dimension; i++) scaled[i] = v[i]! * scale[i]!;
      await operator.apply(scaled, into);
      for (let i = 0; i < dimension; i++) into[i]! *= scale[i]!;
    },
  };
}

/** A block of a curvature, with vectors that hold its own parameters only. */
export interface Block extends CurvatureOperator {
  readonly segments: readonly Segment[];
  /** The block's part of a vector of all parameters. */
  pack(whole: Float32Array | Float64Array): Float64Array;
}

/** Rows and columns of the tensors that move; all others stand still. Raises RangeError for none. */
export function restrictedTo(
  { dimension, segments: all = [], apply }: CurvatureOperator,
  moves: (segment: Segment) => boolean,
): Block {
  const moved = all.filter(moves);
  if (moved.length === 0) {
    throw new RangeError(
      `Cannot restrict the curvature as some tensor must move: none of ${all.map(({ name }) => name).join(", ") || "no tensors"} does`,
    );
  }
  let size = 0;
  const segments = moved.map((segment) => {
    const placed = { ...segment, offset: size };
    size += segment.size;
    return placed;
  });
  const direction = new Float32Array(dimension);
  const product = new Float64Array(dimension);
  const packInto = (whole: Float32Array | Float64Array, into: Float64Array) => {
    moved.forEach(({ offset, size: length }, k) => {
      into.set(whole.subarray(offset, offset + length), segments[k]!.offset);
    });
    return into;
  };
  return {
    dimension: size,
    segments,
    pack: (whole) => packInto(whole, new Float64Array(size)),
    async apply(v, into) {
      moved.forEach(({ offset, size: length }, k) => {
        const from = segments[k]!.offset;
        direction.set(v.subarray(from, from + length), offset);
      });
      await apply(direction, product);
      packInto(product, into);
    },
  };
}

/** Raises RangeError for a vector of another length than the operator's. */
export function requireLength(action: string, vector: ArrayLike<number>, dimension: number): void {
  if (vector.length === dimension) return;
  throw new RangeError(
    `Cannot ${action} as there must be one number for each of ${dimension} parameters: found ${vector.length}`,
  );
}

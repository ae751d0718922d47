/** Newton–Schulz against the singular values that the authors' code reaches, and against its exact answer in one dimension. */
import { Matrix as MlMatrix, SVD } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { numbers } from "../testing/harness.ts";
import { NEWTON_SCHULZ, type NewtonSchulzName, SMALLEST_NORM } from "./newton-schulz.ts";
import { type Matrix, multiply, orthogonalize, transpose } from "./operations.ts";

const allocate = (count: number) => new Float64Array(count).fill(777);
/** Sums of twelve uniform numbers: nearly normal. */
const normal = (rows: number, cols: number, seed: number): Matrix => {
  const uniform = numbers(12 * rows * cols, seed, -0.5, 0.5);
  const data = Float64Array.from({ length: rows * cols }, (_, i) =>
    uniform.slice(12 * i, 12 * i + 12).reduce((sum, value) => sum + value, 0),
  );
  return { rows, cols, data };
};
const singularValues = ({ rows, cols, data }: Matrix) =>
  new SVD(MlMatrix.from1DArray(rows, cols, data), {
    autoTranspose: true,
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
  }).diagonal;
const methods = Object.keys(NEWTON_SCHULZ) as NewtonSchulzName[];

/** x ← a x + b x³ + c x⁵, which is what happens to each singular value. */
const followed = (method: NewtonSchulzName, x: number) =>
  NEWTON_SCHULZ[method].coefficients.reduce((x, [a, b, c]) => a * x + b * x ** 3 + c * x ** 5, x);

describe("orthogonalize()", () => {
  // Extremes on another random 256 × 256 matrix, in float64. The smallest value of the input decides on the lowest; the
  // highest hardly depends on the matrix.
  it.each([
    ["orthogonalize", 0.0365, 1.2017],
    ["orthogonalizeQuintic", 0.0371, 1.1449],
    ["orthogonalizePolar", 0.073, 1.1411],
  ] as const)("%s leaves singular values of a random matrix within %d … %d", (method, low, high) => {
    const values = singularValues(orthogonalize(normal(256, 256, 1), method, allocate)).sort((p, q) => p - q);
    expect(values[0]).toBeGreaterThan(low);
    expect(values.at(-1)).toBeLessThan(high);
    expect(values.at(-1)).toBeGreaterThan(high - 0.002);
    expect(values[5]).toBeGreaterThan(0.65); // all but a handful are near one
  });

  it.each(
    methods,
  )("%s takes each singular value through its polynomials, and keeps the vectors", (method) => {
    const x = normal(6, 6, 4);
    const norm = Math.hypot(...x.data) * NEWTON_SCHULZ[method].safety;
    const {
      leftSingularVectors: U,
      rightSingularVectors: V,
      diagonal,
    } = new SVD(MlMatrix.from1DArray(6, 6, x.data));
    const mapped = MlMatrix.diag(diagonal.map((value) => followed(method, value / norm)));
    const expected = U.mmul(mapped).mmul(V.transpose()).to1DArray();
    orthogonalize(x, method, allocate).data.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 10);
    });
  });

  it.each(methods)("%s of a transposed matrix is the transpose", (method) => {
    const x = normal(5, 3, 5);
    const straight = orthogonalize(x, method, allocate);
    const turned = orthogonalize(transpose(x, allocate), method, allocate);
    expect([straight.rows, straight.cols]).toEqual([5, 3]);
    expect(transpose(turned, allocate)).toEqual(straight);
  });

  it("does not see the scale of a matrix", () => {
    const x = normal(4, 6, 6);
    const scaled = { ...x, data: (x.data as Float64Array).map((value) => 1024 * value) };
    expect(orthogonalize(scaled, "orthogonalize", allocate)).toEqual(
      orthogonalize(x, "orthogonalize", allocate),
    );
  });

  it("keeps zero at zero, and shrinks what is smaller than the smallest norm towards it", () => {
    const zero = { rows: 2, cols: 3, data: new Float64Array(6) };
    expect(orthogonalize(zero, "orthogonalize", allocate)).toEqual(zero);
    const tiny = { rows: 1, cols: 1, data: Float64Array.of(SMALLEST_NORM / 100) };
    expect(orthogonalize(tiny, "orthogonalize", allocate).data[0]).toBeCloseTo(
      followed("orthogonalize", 0.01),
      12,
    );
    expect(
      orthogonalize({ rows: 0, cols: 3, data: new Float64Array(0) }, "orthogonalize", allocate).data,
    ).toHaveLength(0);
  });

  it("leaves a matrix with orthogonal rows nearly as it is, up to scale", () => {
    const x = { rows: 2, cols: 3, data: Float64Array.of(0, 5, 0, 0, 0, 5) };
    const result = orthogonalize(x, "orthogonalizePolar", allocate);
    const product = multiply(result, transpose(result, allocate), allocate);
    expect(product.data[1]).toBeCloseTo(0, 14);
    expect(product.data[0]).toBeCloseTo(followed("orthogonalizePolar", 1 / (1.02 * Math.SQRT2)) ** 2, 12);
  });
});

/** Matrix arithmetic against numbers worked by hand and against the identities that define each decomposition. */
import { describe, expect, it } from "vitest";
import { numbers } from "../testing/harness.ts";
import {
  type Allocate,
  axisSum,
  eigen,
  inverseRoot,
  type Matrix,
  multiply,
  orthonormalBasis,
  positionSum,
  transpose,
} from "./operations.ts";

/** What memory of a pool looks like: whatever a function does not write is seen. */
const used: Allocate = (count) => new Float64Array(count).fill(777);
const usedFloat32: Allocate = (count) => new Float32Array(count).fill(777);

const matrix = (rows: readonly (readonly number[])[]): Matrix => {
  return { rows: rows.length, cols: rows[0]?.length ?? 0, data: Float64Array.from(rows.flat()) };
};
const rowsOf = ({ rows, cols, data }: Matrix) =>
  Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));
const random = (rows: number, cols: number, seed: number): Matrix => {
  return { rows, cols, data: Float64Array.from(numbers(rows * cols, seed)) };
};
const times = (...factors: Matrix[]) => factors.reduce((a, b) => multiply(a, b, used));
const turned = (x: Matrix) => transpose(x, used);
const identity = (n: number) =>
  matrix(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))));
/** Symmetric and positive definite. */
const gram = (n: number, seed: number) => {
  const x = random(n, n + 2, seed);
  return times(x, turned(x));
};

function expectClose(found: Matrix, expected: Matrix, digits = 10): void {
  expect([found.rows, found.cols]).toEqual([expected.rows, expected.cols]);
  found.data.forEach((value, i) => {
    expect(value).toBeCloseTo(expected.data[i]!, digits);
  });
}

describe("multiply()", () => {
  it("takes rows by columns", () => {
    const a = matrix([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const b = matrix([
      [1, 0],
      [0, 1],
      [10, -1],
    ]);
    expect(rowsOf(multiply(a, b, used))).toEqual([
      [31, -1],
      [64, -1],
    ]);
  });

  it("sums in float64 whatever the storage", () => {
    // 2^24 + 1 has no float32; the ones survive only in a wider sum
    const a = { rows: 1, cols: 3, data: Float32Array.of(2 ** 24, 1, 1) };
    const ones = { rows: 3, cols: 1, data: Float32Array.of(1, 1, 1) };
    expect([...multiply(a, ones, usedFloat32).data]).toEqual([2 ** 24 + 2]);
  });

  it("is zero over an empty side, and nothing of nothing", () => {
    const [tall, wide] = [random(2, 0, 1), random(0, 3, 1)];
    expect(rowsOf(times(tall, wide))).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(times(wide, random(3, 2, 1)).data).toHaveLength(0);
  });
});

describe("transpose()", () => {
  it("exchanges rows and columns", () => {
    const x = matrix([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(rowsOf(turned(x))).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });
});

describe("axisSum() and positionSum()", () => {
  const x = matrix([
    [1, 2, 3, 4],
    [10, 20, 30, 40],
  ]);

  it("add up rows and columns, scaled", () => {
    expect(rowsOf(axisSum(x, "row", 1, used))).toEqual([[10], [100]]);
    expect(rowsOf(axisSum(x, "row", 1 / 4, used))).toEqual([[2.5], [25]]);
    expect(rowsOf(axisSum(x, "col", 1, used))).toEqual([[11, 22, 33, 44]]);
    expect(rowsOf(axisSum(x, "col", 1 / 2, used))).toEqual([[5.5, 11, 16.5, 22]]);
  });

  it("keep the positions of a kernel apart: [2, 2, 2] has inputs (1, 2) and (3, 4)", () => {
    // position 0 has 1, 3, 10, 30; position 1 has 2, 4, 20, 40
    expect(rowsOf(positionSum(x, 2, used))).toEqual([[44, 66, 44, 66]]);
    expect(rowsOf(positionSum(x, 1, used))).toEqual([[110, 110, 110, 110]]);
  });
});

describe("eigen()", () => {
  it("by hand: [[2, 1], [1, 2]] has 3 along (1, 1) and 1 along (1, −1)", () => {
    const { values, vectors } = eigen(
      matrix([
        [2, 1],
        [1, 2],
      ]),
      used,
    );
    expect(values[0]).toBeCloseTo(3, 14);
    expect(values[1]).toBeCloseTo(1, 14);
    const [[a = 0, b = 0] = [], [c = 0, d = 0] = []] = rowsOf(vectors);
    expect([a * c, b * d].map((product) => Math.round(1e12 * product) / 1e12)).toEqual([0.5, -0.5]);
  });

  it.each([1, 2, 5, 12])("of %d × %d: A V = V Λ, VᵀV = 1, and Λ falls", (n) => {
    const A = gram(n, n);
    const { values, vectors } = eigen(A, used);
    expect([...values]).toEqual([...values].sort((p, q) => q - p));
    const scaled = {
      ...vectors,
      data: (vectors.data as Float64Array).map((value, i) => value * values[i % n]!),
    };
    expectClose(times(A, vectors), scaled);
    expectClose(times(turned(vectors), vectors), identity(n));
  });

  it("answers NaN for NaN and infinities, and nothing for nothing", () => {
    for (const wrong of [Number.NaN, Infinity]) {
      const { values, vectors } = eigen(
        { rows: 2, cols: 2, data: Float64Array.of(1, wrong, wrong, 1) },
        used,
      );
      expect([...values, ...vectors.data]).toEqual(new Array(6).fill(Number.NaN));
    }
    expect(eigen(matrix([]), used).vectors.data).toHaveLength(0);
  });
});

describe("inverseRoot()", () => {
  it("by hand: diag(16, 81)^(−1/4) = diag(1/2, 1/3)", () => {
    const D = matrix([
      [16, 0],
      [0, 81],
    ]);
    expectClose(
      inverseRoot(D, 4, used),
      matrix([
        [1 / 2, 0],
        [0, 1 / 3],
      ]),
    );
  });

  it.each([1, 2, 3, 4])("A · (A^(−1/%d))^%d = 1", (p) => {
    for (const n of [1, 4, 9]) {
      const A = gram(n, 10 + n);
      const root = inverseRoot(A, p, used);
      expectClose(times(A, ...new Array<Matrix>(p).fill(root)), identity(n), 8);
      expectClose(turned(root), root, 12);
    }
  });

  it("takes eigenvalues that rounding made too small, or negative, for ε λ_max", () => {
    const D = (low: number) =>
      matrix([
        [1, 0],
        [0, low],
      ]);
    const found = (low: number) => rowsOf(inverseRoot(D(low), 2, used))[1]![1]!;
    expect(found(1e-10)).toBeCloseTo(1e5, 4);
    expect(found(-1e-18)).toBeCloseTo(Number.EPSILON ** -0.5, 0);
    const single = { ...D(0), data: Float32Array.of(1, 0, 0, -1e-8) };
    expect(inverseRoot(single, 2, usedFloat32).data[3]! * (2 ** -23) ** 0.5).toBeCloseTo(1, 6);
  });

  it("writes the storage that it is given", () => {
    const { data } = inverseRoot({ rows: 1, cols: 1, data: Float32Array.of(9) }, 2, usedFloat32);
    expect(data).toEqual(Float32Array.of(1 / 3));
  });
});

describe("orthonormalBasis()", () => {
  it("by hand: columns (3, 4) and (5, 10) give (3, 4)/5 and (−4, 3)/5, with R = [[5, 11], [0, 2]]", () => {
    const x = matrix([
      [3, 5],
      [4, 10],
    ]);
    const Q = matrix([
      [0.6, -0.8],
      [0.8, 0.6],
    ]);
    expectClose(orthonormalBasis(x, used), Q);
  });

  it.each([1, 3, 8])("of %d × %d: QᵀQ = 1, and QᵀX is a triangle with a positive diagonal", (n) => {
    const X = random(n, n, 20 + n);
    const Q = orthonormalBasis(X, used);
    expectClose(times(turned(Q), Q), identity(n));
    rowsOf(times(turned(Q), X)).forEach((row, i) => {
      expect(row[i]).toBeGreaterThan(0);
      for (const below of row.slice(0, i)) expect(below).toBeCloseTo(0, 12);
    });
  });

  it("answers NaN for NaN, and nothing for nothing", () => {
    expect([...orthonormalBasis(matrix([[Number.NaN]]), used).data]).toEqual([Number.NaN]);
    expect(orthonormalBasis(matrix([]), used).data).toHaveLength(0);
  });
});

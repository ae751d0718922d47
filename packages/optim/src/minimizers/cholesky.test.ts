import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cholesky, shiftedCholesky, solveCholesky } from "./cholesky.ts";

const SEED = 20_261_120;

describe("cholesky()", () => {
  it("factors a matrix by hand: [[4, 2], [2, 5]] = LLᵀ with L = [[2, 0], [1, 2]]", () => {
    const L = new Float64Array(4);
    expect(cholesky(Float64Array.of(4, 2, 2, 5), 2, 0, L)).toBe(true);
    expect([L[0], L[2], L[3]]).toEqual([2, 1, 2]);
    const x = Float64Array.of(8, 13); // A·(1.125, 2.15)ᵀ would not be round: A·(0.875, 2.25)ᵀ = (8, 13)
    solveCholesky(L, 2, x);
    expect([...x]).toEqual([0.875, 2.25]);
  });

  it.each([
    ["indefinite", [1, 2, 2, 1]],
    ["singular", [1, 1, 1, 1]],
    ["zero", [0, 0, 0, 0]],
    ["not a number", [Number.NaN, 0, 0, 1]],
  ])("refuses a matrix that is %s", (_, entries) => {
    expect(cholesky(Float64Array.from(entries), 2, 0, new Float64Array(4))).toBe(false);
  });

  it("solves systems whose solution is known", () => {
    const n = 5;
    const entries = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
      minLength: n * n,
      maxLength: n * n,
    });
    fc.assert(
      fc.property(entries, (B) => {
        // A = BBᵀ + I is positive definite, of condition at most 1 + n²
        const A = new Float64Array(n * n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            for (let k = 0; k < n; k++) A[i * n + j]! += B[i * n + k]! * B[j * n + k]!;
          }
          A[i * n + i]! += 1;
        }
        const L = new Float64Array(n * n);
        expect(cholesky(A, n, 0, L)).toBe(true);
        const x = Float64Array.from({ length: n }, (_, i) =>
          Array.from({ length: n }, (_, j) => A[i * n + j]! * (j + 1)).reduce((a, b) => a + b),
        );
        solveCholesky(L, n, x);
        x.forEach((value, i) => {
          expect(value).toBeCloseTo(i + 1, 11);
        });
      }),
      { seed: SEED },
    );
  });
});

describe("shiftedCholesky()", () => {
  it("leaves a positive definite matrix as it is, and lifts another just above", () => {
    const L = new Float64Array(4);
    expect(shiftedCholesky(Float64Array.of(4, 2, 2, 5), 2, L)).toBe(0);
    // eigenvalues −1 and 3: the shift must pass 1, and is not doubled more than once past it
    const shift = shiftedCholesky(Float64Array.of(1, 2, 2, 1), 2, L);
    expect(shift).toBeGreaterThan(1);
    expect(shift).toBeLessThan(2.1);
    expect(shiftedCholesky(new Float64Array(4), 2, L)).toBeGreaterThan(0);
  });
});

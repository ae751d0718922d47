/** Singular values, from W Wᵀ or Wᵀ W; and what cannot be initialised. */
import { stream } from "@thalweg/random";
import { describe, expect, test } from "vitest";
import { agdWeight, conv2d, initializeForAgd, linear, relu, sequential } from "./index.ts";

function drawn(shape: number[]): Float32Array {
  const out = new Float32Array(shape.reduce((n, d) => n * d, 1));
  agdWeight(out, shape, stream(1, "test"));
  return out;
}

/** Inner products of the rows, or of the columns, of a row-major matrix. */
function gram(w: ArrayLike<number>, rows: number, cols: number, of: "rows" | "cols"): number[][] {
  const [n, m] = of === "rows" ? [rows, cols] : [cols, rows];
  const at = (i: number, k: number) => (of === "rows" ? w[i * cols + k]! : w[k * cols + i]!);
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) =>
      Array.from({ length: m }, (_, k) => at(i, k) * at(j, k)).reduce((a, b) => a + b),
    ),
  );
}

function expectMultipleOfIdentity(matrix: number[][], factor: number): void {
  matrix.forEach((row, i) => {
    row.forEach((value, j) => {
      expect(value).toBeCloseTo(i === j ? factor : 0, 5);
    });
  });
}

describe("agdWeight", () => {
  test("a wide matrix has orthogonal rows of norm √(d/d')", () => {
    expectMultipleOfIdentity(gram(drawn([3, 12]), 3, 12, "rows"), 3 / 12);
  });

  test("a tall matrix has orthogonal columns of norm √(d/d')", () => {
    expectMultipleOfIdentity(gram(drawn([12, 3]), 12, 3, "cols"), 12 / 3);
  });

  test("a kernel has such a matrix at each position, over the root of their number", () => {
    const w = drawn([4, 6, 2, 3]);
    for (let position = 0; position < 6; position++) {
      const matrix = Array.from({ length: 24 }, (_, i) => w[i * 6 + position]!);
      expectMultipleOfIdentity(gram(matrix, 4, 6, "rows"), 4 / 6 / 6);
    }
  });

  test("directions are drawn without preference", () => {
    // the first entry of a unit vector in the plane is a cosine of a uniform angle: mean 0, mean square 1/2
    const random = stream(2, "test");
    const draws = Array.from({ length: 4000 }, () => {
      const out = new Float32Array(2);
      agdWeight(out, [1, 2], random);
      return out[0]! * Math.SQRT2;
    });
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    expect(Math.abs(mean(draws))).toBeLessThan(0.06);
    expect(Math.abs(mean(draws.map((x) => x * x)) - 0.5)).toBeLessThan(0.03);
  });

  test("refuses vectors", () => {
    expect(() => drawn([5])).toThrow(/shape \[5\] for agd as it has no biases/);
  });
});

describe("initializeForAgd()", () => {
  test("initialises every weight, the same for the same seed", () => {
    const module = sequential(conv2d(1, 4, 3, { bias: false }), relu(), linear(8, 2, { bias: false }));
    const [a, b, c] = [1, 1, 2].map((seed) => initializeForAgd(module, seed));
    expect([...a!.keys()]).toEqual(module.parameters.map(({ name }) => name));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    expectMultipleOfIdentity(gram(a!.get("2.weight")!, 2, 8, "rows"), 2 / 8);
  });

  test("refuses a module with biases", () => {
    expect(() => initializeForAgd(linear(8, 2), 1)).toThrow(/without bias/);
  });
});

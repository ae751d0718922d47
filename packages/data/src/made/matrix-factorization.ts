/**
 * Entries of a noisy 128×128 matrix of rank 8: rows [i, j] with the value there.
 *
 *   M = U Vᵀ + 0.1 N       U, V [128, 8] normal with variance 1/√8, so that entries of U Vᵀ have variance 1; N standard normal
 *
 * A fifth of all entries is for training; no entry is in two splits. The best that can be reached is the noise.
 */
import { RandomState } from "@thalweg/random";
import type { Split } from "../dataset.ts";
import { drawSplits, type MadeData } from "./made.ts";

export const MATRIX = { size: 128, rank: 8, noise: 0.1 } as const;
const COUNTS = { train: 3277, validation: 1000, test: 2000 };

export function matrixFactorization(): MadeData {
  const { size, rank, noise } = MATRIX;
  const rng = new RandomState(12);
  const factor = () => Float64Array.from({ length: size * rank }, () => rng.normal() / rank ** 0.25);
  const [u, v] = [factor(), factor()];
  const order = rng.permutation(size * size);
  let taken = 0;
  const entries = (count: number): Split => {
    const images = new Int32Array(2 * count);
    const labels = new Float32Array(count);
    let squares = 0;
    for (let row = 0; row < count; row++) {
      const entry = order[taken++]!;
      const [i, j] = [Math.floor(entry / size), entry % size];
      const error = noise * rng.normal();
      images.set([i, j], 2 * row);
      labels[row] = product(u, v, i * rank, j * rank, rank) + error;
      squares += error * error;
    }
    return { images, labels, count, shape: [2], lowestLoss: squares / count };
  };
  return { classes: [], ...drawSplits(COUNTS, entries) };
}

function product(u: Float64Array, v: Float64Array, i: number, j: number, rank: number): number {
  let sum = 0;
  for (let k = 0; k < rank; k++) sum += u[i + k]! * v[j + k]!;
  return sum;
}

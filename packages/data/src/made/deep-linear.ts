/**
 * Inputs of very different scales and what a linear teacher makes of them.
 *
 *   x = H (s ⊙ z)     z standard normal in 32 dimensions, s_k = 10^(−2k/31)     y = W x,  W [32, 32] normal with variance 1/32
 *
 * The covariance of x has the condition number 10⁴; H = I − 2vvᵀ reflects at a random plane, so that its axes are not those of the
 * parameters. There is no noise: a loss of 0 can be reached.
 */
import { RandomState } from "@thalweg/random";
import type { Split } from "../dataset.ts";
import { drawSplits, type MadeData } from "./made.ts";

const SIZE = 32;
const COUNTS = { train: 4096, validation: 1024, test: 1024 };

export function deepLinear(): MadeData {
  const rng = new RandomState(3);
  const teacher = Float64Array.from({ length: SIZE * SIZE }, () => rng.normal() / Math.sqrt(SIZE));
  const v = normalized(Float64Array.from({ length: SIZE }, () => rng.normal()));
  const draw = (count: number): Split => {
    const images = new Float32Array(count * SIZE);
    const labels = new Float32Array(count * SIZE);
    for (let row = 0; row < count; row++) {
      const scaled = Float64Array.from(
        { length: SIZE },
        (_, k) => 10 ** ((-2 * k) / (SIZE - 1)) * rng.normal(),
      );
      const along = 2 * dot(v, scaled);
      const x = scaled.map((value, k) => value - along * v[k]!);
      images.set(x, row * SIZE);
      for (let o = 0; o < SIZE; o++) {
        labels[row * SIZE + o] = dot(teacher.subarray(o * SIZE, (o + 1) * SIZE), x);
      }
    }
    return { images, labels, count, shape: [SIZE], labelShape: [SIZE] };
  };
  return { classes: [], ...drawSplits(COUNTS, draw) };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const normalized = (v: Float64Array): Float64Array => {
  const length = Math.sqrt(dot(v, v));
  return v.map((value) => value / length);
};

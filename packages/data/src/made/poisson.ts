/**
 * Points of the unit square with the solution of Poisson's equation there, and its source:
 *
 *   −Δu = f,  u = 0 on the boundary      u = sin πx sin πy      f = 2π² u
 *
 * Rows [x, y] with labels [u, f]. What learns from the equation reads f alone; u is what its answer is held to.
 */
import { RandomState } from "@thalweg/random";
import type { Split } from "../dataset.ts";
import { drawSplits, type MadeData } from "./made.ts";

const COUNTS = { train: 4096, validation: 1024, test: 1024 };

export function poisson(): MadeData {
  const rng = new RandomState(11);
  return { classes: [], ...drawSplits(COUNTS, (count) => points(count, rng)) };
}

function points(count: number, rng: RandomState): Split {
  const images = new Float32Array(2 * count);
  const labels = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [x, y] = [rng.uniform(), rng.uniform()];
    const u = Math.sin(Math.PI * x) * Math.sin(Math.PI * y);
    images.set([x, y], 2 * i);
    labels.set([u, 2 * Math.PI ** 2 * u], 2 * i);
  }
  return { images, labels, count, shape: [2], labelShape: [2] };
}

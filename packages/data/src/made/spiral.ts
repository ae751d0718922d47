/**
 * Two arms of a spiral, as TensorFlow Playground has them, with its noise at 10 %: at u in [0, 1) along an arm
 *
 *   r = 5u    t = 1.75 · 2πu + π·[class 0]    (x, y) = (r sin t + a/10, r cos t + b/10)        a, b uniform in [−1, 1)
 *
 * Rows are of class 1 and 0 in turn. Source: github.com/tensorflow/playground, src/dataset.ts, classifySpiralData.
 * Differs   u is uniform rather than evenly spaced, so that splits share no points.
 */
import { RandomState } from "@thalweg/random";
import type { Split } from "../dataset.ts";
import { drawSplits, type MadeData } from "./made.ts";

const NOISE = 0.1;
const COUNTS = { train: 1000, validation: 500, test: 1000 };

export function spiral(): MadeData {
  const rng = new RandomState(4);
  return { classes: ["0", "1"], ...drawSplits(COUNTS, (count) => arms(count, rng)) };
}

function arms(count: number, rng: RandomState): Split {
  const images = new Float32Array(2 * count);
  const labels = Int32Array.from({ length: count }, (_, i) => 1 - (i % 2));
  for (let i = 0; i < count; i++) {
    const u = rng.uniform();
    const t = 1.75 * u * 2 * Math.PI + (labels[i] === 1 ? 0 : Math.PI);
    images[2 * i] = 5 * u * Math.sin(t) + NOISE * rng.uniform(-1, 1);
    images[2 * i + 1] = 5 * u * Math.cos(t) + NOISE * rng.uniform(-1, 1);
  }
  return { images, labels, count, shape: [2] };
}

/**
 * The points of DeepOBS' quadratic_deep: x ~ N(0, 0.6²) in 100 dimensions, 1000 rows from seeds 42, 43 and 44 for training, testing and
 * validation, in float32. Evaluations there drop what does not fill a batch of 128, so 896 rows of the latter two count.
 * Source: github.com/fsschneider/DeepOBS, deepobs/tensorflow/datasets/quadratic.py.
 */
import { RandomState } from "@thalweg/random";
import type { Split } from "../dataset.ts";
import type { MadeData } from "./made.ts";

const DIMENSIONS = 100;
const ROWS = 1000;
const EVALUATED = 7 * 128;

export function quadDeep(): MadeData {
  return { classes: [], train: rows(42, ROWS), validation: rows(44, EVALUATED), test: rows(43, EVALUATED) };
}

/** The first `count` rows of a seed; the points have no labels, so they get zeros. */
function rows(seed: number, count: number): Split {
  const rng = new RandomState(seed);
  const images = Float32Array.from({ length: count * DIMENSIONS }, () => 0.6 * rng.normal());
  return { images, labels: new Float32Array(count), count, shape: [DIMENSIONS] };
}

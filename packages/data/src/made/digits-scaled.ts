/** The small digits with pixels of very different scales: pixel k of 64, in [0, 1], is multiplied by 10^U(−2, 1), the same for all images. */
import { RandomState } from "@thalweg/random";
import type { Split } from "../dataset.ts";
import type { Maker } from "./made.ts";

export const digitsScaled: Maker = async (load) => {
  const { classes, train, test, maximum } = await load("digits");
  const rng = new RandomState(5);
  const scales = Float64Array.from({ length: 64 }, () => 10 ** rng.uniform(-2, 1));
  const scaled = (split: Split): Split => ({
    ...split,
    images: Float32Array.from(split.images, (pixel, i) => (pixel / maximum) * scales[i % 64]!),
  });
  return { classes, train: scaled(train), test: scaled(test) };
};

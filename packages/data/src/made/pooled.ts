/**
 * Small forms of MNIST and its kin: every four pixels become their mean, 14×14 of them, in [0, 1]. The first 6 000 images of the
 * training split are for training, the next 2 000 for validation, and the first 2 000 of the test split for testing.
 */
import { RandomState } from "@thalweg/random";
import type { Dataset, Split } from "../dataset.ts";
import type { Maker } from "./made.ts";

const [TRAIN, VALIDATION, TEST] = [6_000, 2_000, 2_000];

/** Pooled images of a dataset of 28×28 bytes. */
export const pooled =
  (name: string): Maker =>
  async (load) => {
    const { train, test, classes, maximum } = await load(name);
    const part = (split: Split, begin: number, count: number) => pool(split, maximum, begin, count);
    const validation = part(train, TRAIN, VALIDATION);
    return { classes, train: part(train, 0, TRAIN), validation, test: part(test, 0, TEST) };
  };

/** The same, with one in ten labels of the training split replaced by one of the others at random; those that are measured stay right. */
export const pooledWithNoise =
  (name: string): Maker =>
  async (load) => {
    const data = await pooled(name)(load);
    const rng = new RandomState(6);
    const labels = Uint8Array.from(data.train.labels, (label) =>
      rng.uniform() < 0.1 ? (label + 1 + Math.floor(9 * rng.uniform())) % 10 : label,
    );
    return { ...data, train: { ...data.train, labels } };
  };

function pool({ images, labels }: Split, maximum: Dataset["maximum"], begin: number, count: number): Split {
  const out = new Float32Array(count * 196);
  for (let image = 0; image < count; image++) {
    const from = (begin + image) * 784;
    for (let row = 0; row < 14; row++) {
      for (let column = 0; column < 14; column++) {
        const at = from + 2 * row * 28 + 2 * column;
        const four = images[at]! + images[at + 1]! + images[at + 28]! + images[at + 29]!;
        out[image * 196 + row * 14 + column] = four / (4 * maximum);
      }
    }
  }
  return { images: out, labels: labels.slice(begin, begin + count), count, shape: [1, 14, 14] };
}

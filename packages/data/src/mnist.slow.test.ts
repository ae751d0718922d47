/** MNIST itself, against figures that were measured with other code (NumPy over the published files). */
import { expect, test } from "vitest";
import { imageSize, type Split } from "./dataset.ts";
import { loadDataset } from "./load.ts";

const pixelSum = ({ images }: Split) => (images as Uint8Array).reduce((sum, pixel) => sum + pixel, 0);

/** Mean image of each class. */
function centroids(split: Split, classes: number): Float64Array[] {
  const size = imageSize(split);
  const sums = Array.from({ length: classes }, () => new Float64Array(size));
  const counts = new Float64Array(classes);
  for (let i = 0; i < split.count; i++) {
    const label = split.labels[i]!;
    counts[label]!++;
    const sum = sums[label]!;
    for (let j = 0; j < size; j++) sum[j]! += split.images[i * size + j]!;
  }
  return sums.map((sum, c) => sum.map((value) => value / counts[c]!));
}

function nearest(image: Split["images"], means: readonly Float64Array[]): number {
  const distances = means.map((mean) => mean.reduce((sum, value, j) => sum + (image[j]! - value) ** 2, 0));
  return distances.indexOf(Math.min(...distances));
}

test("loadDataset() gives the MNIST that everyone means", async () => {
  const mnist = await loadDataset("mnist");
  expect([mnist.train.count, mnist.test.count]).toEqual([60_000, 10_000]);
  expect(mnist.train.shape).toEqual([1, 28, 28]);
  expect(pixelSum(mnist.train)).toBe(1_567_298_545);
  expect(pixelSum(mnist.test)).toBe(264_923_200);
  expect(mnist.mean).toBeCloseTo(0.13066, 6);
  expect(mnist.std).toBeCloseTo(0.308108, 6);

  const means = centroids(mnist.train, 10);
  const size = imageSize(mnist.test);
  let right = 0;
  for (let i = 0; i < mnist.test.count; i++) {
    const image = mnist.test.images.subarray(i * size, (i + 1) * size);
    if (nearest(image, means) === mnist.test.labels[i]) right++;
  }
  expect(right / mnist.test.count).toBe(0.8203);
});

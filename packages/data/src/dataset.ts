/**
 * Labelled examples in memory, as plain data: images, mostly.
 *
 * A dataset is an object of numbers, strings and byte arrays: no methods, so that it survives `postMessage` and
 * `workerData`. With `shared`, the bytes lie in SharedArrayBuffers, and a dataset sent to a worker thread is then
 * not copied: all threads read the same 55 MB of MNIST.
 */

import { sha256 } from "./cache.ts";
import type { IdxArray } from "./idx.ts";

/** A part of a dataset, row-major: image i is `images[i·size … (i+1)·size − 1]` with size = the product of `shape`. */
export interface Split {
  /** Bytes are pixels, normalised on their way into a batch; numbers and tokens go in as they are. */
  readonly images: Uint8Array | Float32Array | Int32Array;
  /** Whole numbers are classes, or tokens; others are values to be met. */
  readonly labels: Uint8Array | Int32Array | Float32Array;
  readonly count: number;
  /** Of one image: [channels, height, width]; of other examples, whatever they have. */
  readonly shape: readonly number[];
  /** Of one image's label; left out, [], for a class. */
  readonly labelShape?: readonly number[];
  /** Mean loss of what made the data, which is the lowest that can be expected of a model; left out where it is not known. */
  readonly lowestLoss?: number;
}

/** How a pixel becomes a network's input: (pixel / maximum − mean) / std. */
export interface Normalization {
  /** The value of a fully inked pixel: 255 for MNIST, 16 for digits. */
  readonly maximum: number;
  /** Mean and standard deviation of pixel / maximum over the training split. */
  readonly mean: number;
  readonly std: number;
}

export interface Dataset extends Normalization {
  readonly name: string;
  /** sha256 of the canonical bytes, see `fingerprint()`: the same data has the same fingerprint wherever it came from. */
  readonly fingerprint: string;
  readonly classes: readonly string[];
  readonly train: Split;
  /** Of its own, where tuning is not judged by a part held out of the training split. */
  readonly validation?: Split;
  readonly test: Split;
  /** Where the bytes came from, for the record of a run. */
  readonly origin: string;
}

/** Build a split from IDX images [count, height, width] and labels [count], checking that they fit each other. */
export function splitOf(images: IdxArray, labels: IdxArray, classes: number, name: string): Split {
  const [count = 0, height = 0, width = 0] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1) {
    throw new RangeError(
      `Cannot build ${name} as it needs images of 3 dimensions and labels of 1: found ${images.shape.length} and ${labels.shape.length}`,
    );
  }
  if (labels.shape[0] !== count) {
    throw new RangeError(
      `Cannot build ${name} as each image needs a label: found ${count} images and ${labels.shape[0]} labels`,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot build ${name} as labels must be below ${classes}: label ${wrong} is ${labels.data[wrong]}`,
    );
  }
  return { images: images.data, labels: labels.data, count, shape: [1, height, width] };
}

/** The rows [begin, end) of a split, without copying. */
export function rows(split: Split, begin: number, end: number): Split {
  const size = imageSize(split);
  return {
    ...split,
    images: split.images.subarray(begin * size, end * size),
    labels: split.labels.subarray(begin * labelSize(split), end * labelSize(split)),
    count: end - begin,
  };
}

/** A split in two, the second part with the last `count` rows. */
export function cutLast(all: Split, count: number): [Split, Split] {
  const cut = all.count - count;
  return [rows(all, 0, cut), rows(all, cut, all.count)];
}

/** Pixels per image, or numbers per example. */
export const imageSize = ({ shape }: Split): number => shape.reduce((product, extent) => product * extent, 1);

/** Numbers per label. */
export const labelSize = ({ labelShape = [] }: Split): number =>
  labelShape.reduce((product, extent) => product * extent, 1);

/** An example's shape as that of an image; without channels it has one. Raises RangeError where it is none. */
export function imageShape(shape: readonly number[]): readonly [number, number, number] {
  const [channels, height, width] = shape.length === 2 ? [1, ...shape] : shape;
  if (channels !== undefined && height !== undefined && width !== undefined && shape.length <= 3) {
    return [channels, height, width];
  }
  throw new RangeError(
    `Cannot take examples for images as they must have the shape [channels, height, width]: it is [${shape}]`,
  );
}

/**
 * Mean and (population) standard deviation of pixel / maximum, over all pixels of a split.
 *
 * Computed from the histogram of the 256 byte values, hence from whole numbers: exact up to the last division.
 */
export function pixelStatistics(split: Split, maximum: number): Normalization {
  const histogram = new Float64Array(256);
  for (const pixel of split.images) histogram[pixel]!++;
  const n = split.images.length;
  const sum = histogram.reduce((total, count, pixel) => total + count * pixel, 0);
  const squares = histogram.reduce((total, count, pixel) => total + count * pixel * pixel, 0);
  const mean = sum / n;
  return { maximum, mean: mean / maximum, std: Math.sqrt(squares / n - mean * mean) / maximum };
}

/**
 * sha256 over a line of JSON with the layout, then the train images, train labels, test images and test labels, and those of a
 * validation split.
 *
 * The layout is part of it, so that the same bytes cut differently differ; the name and the origin are not.
 */
export function fingerprint(
  data: Pick<Dataset, "classes" | "maximum" | "train" | "validation" | "test">,
): string {
  const { classes, maximum, train, validation, test } = data;
  const { shape, labelShape } = train;
  const counts = { train: train.count, test: test.count, validation: validation?.count }; // the last is left out where undefined
  const layout = { classes, maximum, shape, labelShape, ...counts };
  const header = new TextEncoder().encode(`thalweg dataset 1 ${JSON.stringify(layout)}\n`);
  const splits = [train, test, ...(validation ? [validation] : [])];
  const arrays = splits.flatMap(({ images, labels }) => [images, labels]);
  return sha256(header, ...arrays.map((a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength)));
}

/** The same dataset with its bytes in SharedArrayBuffers, so that worker threads get it without a copy. */
export function shareDataset(dataset: Dataset): Dataset {
  const share = (split: Split): Split => ({
    ...split,
    images: sharedCopy(split.images),
    labels: sharedCopy(split.labels),
  });
  const { train, validation, test } = dataset;
  return {
    ...dataset,
    train: share(train),
    ...(validation && { validation: share(validation) }),
    test: share(test),
  };
}

function sharedCopy<T extends Split["images"] | Split["labels"]>(values: T): T {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  // not the values' own constructor: bytes may come as a Buffer
  const Values = [Uint8Array, Int32Array, Float32Array].find((one) => values instanceof one);
  const copy = new (Values as Uint8ArrayConstructor)(new SharedArrayBuffer(values.byteLength)) as T;
  copy.set(values);
  return copy;
}

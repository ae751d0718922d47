/**
 * CIFAR's binary form: records of a label's byte, or two, and 3072 pixels: the red plane, the green and the blue, row by row.
 * Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; www.cs.toronto.edu/~kriz/cifar.html.
 */
import type { Split } from "./dataset.ts";

const PIXELS = 3 * 32 * 32;

/** The records of several files, one after the other. Raises RangeError for a file that does not end with a record. */
export function parseCifar(files: readonly Uint8Array[], classes: number, name: string): Split {
  const record = PIXELS + 1;
  const bad = files.findIndex(({ length }) => length % record !== 0);
  if (bad >= 0) {
    throw new RangeError(
      `Cannot build ${name} as file ${bad} must hold records of ${record} bytes: it has ${files[bad]!.length}; fetch it again`,
    );
  }
  const count = files.reduce((sum, { length }) => sum + length / record, 0);
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  let row = 0;
  for (const file of files) {
    for (let at = 0; at < file.length; at += record, row++) {
      labels[row] = file[at]!;
      images.set(file.subarray(at + 1, at + record), row * PIXELS);
    }
  }
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot build ${name} as labels must be below ${classes}: label ${wrong} is ${labels[wrong]}`,
    );
  }
  return { images, labels, count, shape: [3, 32, 32] };
}

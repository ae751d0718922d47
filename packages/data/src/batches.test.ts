import { stream } from "@thalweg/random";
import { describe, expect, test } from "vitest";
import { Batches, normalizationTable, partSize, SequentialBatches } from "./batches.ts";
import type { Split } from "./dataset.ts";

const NORMALIZATION = { maximum: 255, mean: 0.25, std: 0.5 };
const normalized = (pixel: number) => Math.fround((pixel / 255 - 0.25) / 0.5);

/** `count` images of `height`×2 pixels: image i is i, i+1, 0, 0, 0, 0, …, so that it can be recognised, with label i mod 10. */
function splitOf(count: number, height: number, offset = 0): Split {
  const size = 2 * height;
  const images = new Uint8Array(new ArrayBuffer(offset + count * size), offset);
  for (let i = 0; i < count; i++) images.set([i, i + 1], i * size);
  return {
    images,
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
    count,
    shape: [1, height, 2],
  };
}

function take(batches: Batches, step: number, size: number) {
  const x = new Float32Array(batches.batchSize * size);
  const labels = new Int32Array(batches.batchSize);
  batches.fill(step, x, labels);
  return { x: [...x], labels: [...labels] };
}

describe("normalizationTable()", () => {
  test("maps each byte value to (p/maximum − mean)/std", () => {
    const table = normalizationTable(NORMALIZATION);
    expect([table[0], table[51], table[255]]).toEqual([-0.5, normalized(51), 1.5]);
    expect(() => normalizationTable({ ...NORMALIZATION, std: 0 })).toThrow("std must be positive");
    expect(() => normalizationTable({ ...NORMALIZATION, mean: Number.NaN })).toThrow("mean finite");
  });
});

describe("Batches", () => {
  test("come in the first epoch's order again where it is fixed, and always leave out the same images", () => {
    const split = splitOf(10, 4);
    const batches = new Batches(split, {
      batchSize: 4,
      seed: 5,
      normalization: NORMALIZATION,
      order: "fixed",
    });
    const usual = new Batches(split, { batchSize: 4, seed: 5, normalization: NORMALIZATION });
    const epoch = [0, 1].map((step) => take(usual, step, 8).labels);
    for (const e of [0, 1, 7])
      expect([2 * e, 2 * e + 1].map((step) => take(batches, step, 8).labels)).toEqual(epoch);
    expect([2, 3].map((step) => take(usual, step, 8).labels)).not.toEqual(epoch);
  });

  // Eight pixels take the path of four at a time, six and an odd place in memory the simple one.
  test.each([
    ["four pixels at a time", splitOf(10, 4)],
    ["an image size that is no multiple of four", splitOf(10, 3)],
    ["images at an odd place in memory", splitOf(10, 4, 1)],
  ])("fills the images that the epoch's order names, with %s", (_, split) => {
    const size = split.images.length / split.count;
    const batches = new Batches(split, { batchSize: 3, seed: 5, normalization: NORMALIZATION });
    expect(batches.stepsPerEpoch).toBe(3);
    const order = stream(5, "order", 1).permutation(10);
    const { x, labels } = take(batches, 4, size); // epoch 1, second batch
    const images = [...order.subarray(3, 6)];
    expect(labels).toEqual(images.map((i) => i % 10));
    const pixels = images.flatMap((i) => [i, i + 1, ...new Array<number>(size - 2).fill(0)]);
    expect(x).toEqual(pixels.map(normalized));
  });

  test("in parts gives the same batch, part by part and in any order", () => {
    const split = splitOf(20, 4);
    const options = { batchSize: 6, seed: 2, normalization: NORMALIZATION };
    const whole = take(new Batches(split, options), 4, 8);
    const batches = new Batches(split, { ...options, parts: 3 });
    const parts = [2, 0, 1].map((part) => {
      const [x, labels] = [new Float32Array(2 * 8), new Int32Array(2)];
      batches.fill(4, x, labels, part);
      return { x: [...x], labels: [...labels] };
    });
    const [third, first, second] = parts;
    expect([...first!.x, ...second!.x, ...third!.x]).toEqual(whole.x);
    expect([...first!.labels, ...second!.labels, ...third!.labels]).toEqual(whole.labels);
  });

  test("refuses parts that do not divide a batch, and parts beyond the last", () => {
    const options = { batchSize: 6, seed: 2, normalization: NORMALIZATION };
    expect(() => new Batches(splitOf(20, 4), { ...options, parts: 4 })).toThrow(
      "Cannot divide batches of 6 into 4 parts as they must have equally many examples: choose a batch size that is a multiple of 4",
    );
    for (const parts of [0, 1.5, Number.NaN]) expect(() => partSize(6, parts)).toThrow(RangeError);
    const batches = new Batches(splitOf(20, 4), { ...options, parts: 3 });
    const fill = (part: number) => batches.fill(0, new Float32Array(16), new Int32Array(2), part);
    for (const part of [3, -1, 0.5]) {
      expect(() => fill(part)).toThrow(
        `Cannot fill batch as part must be in [0, 3): current value is ${part}`,
      );
    }
  });

  test("is a pure function of (seed, step): any step can be asked first", () => {
    const split = splitOf(20, 4);
    const make = (seed: number) => new Batches(split, { batchSize: 4, seed, normalization: NORMALIZATION });
    const steps = [0, 1, 4, 5, 9, 12];
    const ordered = make(1);
    const forwards = steps.map((step) => take(ordered, step, 8));
    const backwards = steps.toReversed().map((step) => take(make(1), step, 8));
    expect(backwards.reverse()).toEqual(forwards);
    expect(take(make(2), 0, 8)).not.toEqual(forwards[0]);
  });

  test("visits every image once per epoch, up to the dropped rest, in another order each epoch", () => {
    const batches = new Batches(splitOf(11, 4), { batchSize: 2, seed: 3, normalization: NORMALIZATION });
    const epochs = [0, 1].map((epoch) =>
      [0, 1, 2, 3, 4].flatMap((k) => take(batches, 5 * epoch + k, 8).x.filter((_, j) => j % 8 === 0)),
    );
    for (const first of epochs) expect(new Set(first).size).toBe(10);
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  test("uses only the given indices", () => {
    const indices = Uint32Array.of(7, 2, 5);
    const batches = new Batches(splitOf(10, 4), {
      batchSize: 3,
      seed: 0,
      normalization: NORMALIZATION,
      indices,
    });
    for (const step of [0, 1, 2]) expect(take(batches, step, 8).labels.sort()).toEqual([2, 5, 7]);
  });

  test("refuses sizes and steps that do not fit", () => {
    const split = splitOf(10, 4);
    const make = (batchSize: number, indices = Uint32Array.of(0, 1, 2, 3)) =>
      new Batches(split, { batchSize, seed: 0, normalization: NORMALIZATION, indices });
    expect(() => make(5)).toThrow("at most the number of images, 4: current value is 5");
    expect(() => make(0)).toThrow("batchSize must be a positive whole number: current value is 0");
    expect(() => make(1, Uint32Array.of(3, 10))).toThrow("below the split's 10 images: found 10");
    const batches = make(2);
    const [x, labels] = [new Float32Array(16), new Int32Array(2)];
    expect(() => batches.fill(-1, x, labels)).toThrow("current value is -1");
    expect(() => batches.fill(0, x.subarray(1), labels)).toThrow(
      "x must hold 2×8 = 16 and labels 2 elements: they hold 15 and 2",
    );
  });
});

describe("SequentialBatches", () => {
  test("gives every image once, in order, and pads the last batch with zeros", () => {
    const batches = new SequentialBatches(splitOf(5, 4), { batchSize: 3, normalization: NORMALIZATION });
    const x = new Float32Array(24).fill(7);
    const labels = new Int32Array(3).fill(7);
    expect(batches.count).toBe(2);
    expect(batches.fill(0, x, labels)).toBe(3);
    expect([...labels]).toEqual([0, 1, 2]);
    expect(x[8]).toBe(normalized(1));
    expect(batches.fill(1, x, labels)).toBe(2);
    expect([...labels]).toEqual([3, 4, 0]);
    expect([x[0], x[8]]).toEqual([normalized(3), normalized(4)]);
    expect([...x.subarray(16)]).toEqual(new Array(8).fill(0));
    expect(() => batches.fill(2, x, labels)).toThrow("in [0, 2): current value is 2");
  });
});

import { describe, expect, test } from "vitest";
import { Batches } from "./batches.ts";
import { shareDataset } from "./dataset.ts";
import type { NpyArray } from "./npy.ts";
import { npzDataset } from "./npz-dataset.ts";
import { holdOut } from "./validation.ts";

const floats = (shape: number[], at: (i: number) => number): NpyArray => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => at(i)),
});
const wholes = (shape: number[], at: (i: number) => number): NpyArray => ({
  shape,
  data: BigInt64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => BigInt(at(i))),
});
const dataset = (arrays: Record<string, NpyArray>) => npzDataset(new Map(Object.entries(arrays)), "own.npz");

describe("npzDataset", () => {
  test("keeps floats as they are, and the last fifth for testing", () => {
    const {
      train,
      test: last,
      classes,
    } = dataset({ x: floats([10, 3], (i) => i / 2), y: wholes([10], (i) => i % 4) });
    expect(classes).toEqual(["0", "1", "2", "3"]);
    expect([train.count, last.count, train.shape]).toEqual([8, 2, [3]]);
    expect([...last.images]).toEqual([12, 12.5, 13, 13.5, 14, 14.5]);
    expect([...last.labels]).toEqual([0, 1]);
  });

  test("takes Keras's names, and bytes for pixels that are normalised over the training split", () => {
    const bytes = (shape: number[], ...data: number[]) => ({ shape, data: Uint8Array.from(data) });
    const own = shareDataset(
      dataset({
        x_train: bytes([2, 1, 2], 0, 255, 255, 0),
        y_train: bytes([2], 0, 1),
        x_test: bytes([1, 1, 2], 51, 102),
        y_test: bytes([1], 2),
      }),
    );
    expect(own).toMatchObject({ maximum: 255, mean: 0.5, std: 0.5, classes: ["0", "1", "2"] });
    const x = new Float32Array(2);
    new Batches(own.test, { batchSize: 1, seed: 1, normalization: own }).fill(0, x, new Int32Array(1));
    expect([...x]).toEqual([(0.2 - 0.5) / 0.5, (0.4 - 0.5) / 0.5].map(Math.fround));
  });

  test("gives sequences of tokens with a label at each place, the rows of a batch together", () => {
    const own = shareDataset(dataset({ x: wholes([5, 3], (i) => i), y: wholes([5, 3], (i) => i + 1) }));
    expect(own.train).toMatchObject({ shape: [3], labelShape: [3] });
    expect(own.classes.length).toBe(16); // tokens 0 to 14, labels 1 to 15
    expect(own.train.images.buffer).toBeInstanceOf(SharedArrayBuffer);
    const [x, y] = [new Int32Array(6), new Int32Array(6)];
    new Batches(own.train, { batchSize: 2, seed: 3, normalization: own }).fill(0, x, y);
    expect([...y]).toEqual([...x].map((token) => token + 1));
    expect([x[1]! - x[0]!, x[0]! % 3, x[3]! % 3]).toEqual([1, 0, 0]);
  });

  test("has no classes where labels are values, and holds out any of them", () => {
    const own = dataset({ x: floats([20, 2], (i) => i), y: floats([20, 1], (i) => i / 7) });
    expect([own.classes, own.train.labelShape]).toEqual([[], [1]]);
    const { train, validation } = holdOut(own.train, { count: 6, seed: 0 });
    expect([train.length, validation.length]).toEqual([10, 6]);
  });

  test("identifies values, not the file's name", () => {
    const of = (last: number, name = "own.npz") =>
      npzDataset(
        new Map([
          ["x", floats([5, 1], (i) => (i === 4 ? last : i))],
          ["y", wholes([5], () => 0)],
        ]),
        name,
      ).fingerprint;
    expect(of(1)).toBe(of(1, "other.npz"));
    expect(of(1)).not.toBe(of(1.5));
  });

  test.each([
    ["arrays of other names", { a: floats([1], () => 0) }, /must hold x_train.* or x and y: found a;/],
    [
      "labels of another number",
      { x: floats([3, 1], () => 0), y: wholes([2], () => 0) },
      /found 3 examples and 2 labels/,
    ],
    ["too few examples", { x: floats([1, 1], () => 0), y: wholes([1], () => 0) }, /found 1 and 0/],
    [
      "a negative class",
      { x: floats([5, 1], () => 0), y: wholes([5], (i) => -i) },
      /classes must be whole numbers from 0: found -1/,
    ],
    [
      "a token beyond 32 bits",
      { x: wholes([5, 1], () => 2 ** 40), y: wholes([5], () => 0) },
      /must fit into 32 bits/,
    ],
  ])("refuses %s", (_, arrays, says) => {
    expect(() => dataset(arrays)).toThrow(says);
  });
});

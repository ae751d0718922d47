import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { shareDataset } from "./dataset.ts";
import { DatasetUnavailable } from "./errors.ts";
import { loadDataset } from "./load.ts";
import type { NpyArray } from "./npy.ts";
import { serializeNpz } from "./npz.ts";

describe("loadDataset() digits", () => {
  test("holds scikit-learn's 1797 images", async () => {
    const digits = await loadDataset("digits");
    expect([digits.train.count, digits.test.count]).toEqual([1437, 360]);
    expect(digits.train.shape).toEqual([1, 8, 8]);
    // The first row of digits.csv: a zero.
    expect([...digits.train.images.subarray(0, 16)]).toEqual([
      0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0,
    ]);
    expect([...digits.train.labels.subarray(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    // Sum of all pixels and images per class, by NumPy over digits.csv.
    const all = [...digits.train.images, ...digits.test.images];
    expect(all.reduce((a, b) => a + b, 0)).toBe(561_718);
    const labels = [...digits.train.labels, ...digits.test.labels];
    const counts = digits.classes.map((_, c) => labels.filter((label) => label === c).length);
    expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
  });

  test("has the mean and deviation of its training pixels, divided by 16", async () => {
    const { train, mean, std, maximum } = await loadDataset("digits");
    const values = [...train.images].map((p) => p / 16);
    const average = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - average) ** 2, 0) / values.length;
    expect(maximum).toBe(16);
    expect(mean).toBeCloseTo(average, 12);
    expect(std).toBeCloseTo(Math.sqrt(variance), 12);
  });

  test("has a fingerprint over layout, images and labels", async () => {
    const { fingerprint, train, test: held } = await loadDataset("digits");
    const layout =
      '{"classes":["0","1","2","3","4","5","6","7","8","9"],"maximum":16,"shape":[1,8,8],"train":1437,"test":360}';
    const hash = createHash("sha256").update(`thalweg dataset 1 ${layout}\n`);
    for (const bytes of [train.images, train.labels, held.images, held.labels]) hash.update(bytes);
    expect(fingerprint).toBe(hash.digest("hex"));
  });

  test("reaches a worker thread without a copy when shared", async () => {
    const digits = await loadDataset("digits", { shared: true });
    expect(digits.train.images.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(shareDataset(digits).train.images.buffer).toBe(digits.train.images.buffer);
    const unshared = await loadDataset("digits");
    expect(digits.fingerprint).toBe(unshared.fingerprint);
    expect([...digits.test.images]).toEqual([...unshared.test.images]);
    // The worker overwrites a byte; we see it only if both look at the same memory.
    const code = 'require("node:worker_threads").workerData.train.images[3] = 99';
    const worker = new Worker(code, { eval: true, workerData: digits });
    await new Promise((resolve) => worker.once("exit", resolve));
    expect(digits.train.images[3]).toBe(99);
  });
});

test("loadDataset() refuses an unknown name and lists the known ones", async () => {
  await expect(loadDataset("minst")).rejects.toThrow(
    'Cannot load dataset as there is none called "minst": known are digits, mnist',
  );
  await expect(loadDataset("constructor")).rejects.toThrow(RangeError);
});

describe("loadDataset() of what no package carries", () => {
  test("says what was looked at and what to put where, and takes it from there", async () => {
    const cache = await mkdtemp(join(tmpdir(), "thalweg-cache-"));
    try {
      const refused = loadDataset("svhn", { cache });
      await expect(refused).rejects.toBeInstanceOf(DatasetUnavailable);
      await expect(refused).rejects.toThrow(
        /svhn\.npz: not there[\s\S]*tried npm[\s\S]*Put it there yourself/,
      );
      const images = (n: number) => ({ shape: [n, 3, 32, 32], data: new Uint8Array(n * 3072).fill(n) });
      const arrays = new Map<string, NpyArray>([
        ["x_train", images(4)],
        ["y_train", { shape: [4], data: new Uint8Array([0, 1, 9, 3]) }],
        ["x_test", images(2)],
        ["y_test", { shape: [2], data: new Uint8Array([5, 0]) }],
      ]);
      await mkdir(join(cache, "datasets"));
      await writeFile(join(cache, "datasets", "svhn.npz"), serializeNpz(arrays));
      const { name, classes, train, test } = await loadDataset("svhn", { cache });
      expect([name, classes.length, train.count, test.count]).toEqual(["svhn", 10, 4, 2]);
      expect(train.shape).toEqual([3, 32, 32]);
    } finally {
      await rm(cache, { recursive: true });
    }
  });
});

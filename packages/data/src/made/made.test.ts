import { describe, expect, test } from "vitest";
import { loadDataset } from "../load.ts";
import { hmmEntropyRate } from "./hmm-text.ts";
import { made } from "./index.ts";
import { byNumpy, hashesOf } from "./testing.ts";

describe("loadDataset()", () => {
  test("NumPy has made all that are computed", () => {
    const changed = Object.keys(made).filter((name) => !name.endsWith("-unit")); // these are the same bytes
    expect(Object.keys(byNumpy.hashes).sort()).toEqual(changed.sort());
  });

  test.each(
    Object.keys(made).filter((name) => !name.includes("mnist")),
  )("computes %s as NumPy does, to the last bit of float32", async (name) => {
    expect(hashesOf(await loadDataset(name))).toEqual(byNumpy.hashes[name]);
  });

  test("knows what the chain of hmm-text would lose, and its entropy rate", async () => {
    const { train, validation, test } = await loadDataset("hmm-text");
    const { entropyRate, lowestLoss } = byNumpy.chain;
    expect(hmmEntropyRate()).toBeCloseTo(entropyRate, 12);
    expect(train.lowestLoss).toBeCloseTo(lowestLoss.train, 12);
    expect(validation!.lowestLoss).toBeCloseTo(lowestLoss.validation, 12);
    expect(test.lowestLoss).toBeCloseTo(lowestLoss.test, 12);
  });

  test("splits of matrix-factorization share no entry", async () => {
    const { train, validation, test } = await loadDataset("matrix-factorization");
    const entries = [train, validation!, test].flatMap(({ images, count }) =>
      Array.from({ length: count }, (_, row) => 128 * images[2 * row]! + images[2 * row + 1]!),
    );
    expect(new Set(entries).size).toBe(entries.length);
  });
});

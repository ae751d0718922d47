/** What is made of datasets that are fetched. Where the registry or the mirror cannot be reached, this fails, as it must. */
import { expect, test } from "vitest";
import { loadDataset } from "../load.ts";
import { byNumpy, hashesOf } from "./testing.ts";

test.each([
  "mnist14",
  "mnist14-noisy",
  "fmnist14",
])("loadDataset() computes %s as NumPy does, to the last bit of float32", async (name) => {
  expect(hashesOf(await loadDataset(name))).toEqual(byNumpy.hashes[name]);
});

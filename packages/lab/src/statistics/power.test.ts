import { expect, test } from "vitest";
import { seedsNeeded } from "./power.ts";

test("seedsNeeded() is 10.04 (s/δ)², rounded up", () => {
  expect(seedsNeeded(1, 1, 0)).toBe(11);
  expect(seedsNeeded(-0.5, 1, 0)).toBe(41); // 40.15
  expect(seedsNeeded(10, 1, 0)).toBe(2);
});

test("seedsNeeded() knows of no number inside the band", () => {
  expect(seedsNeeded(0.1, 1, 0.1)).toBeNull();
  expect(seedsNeeded(0.1, 1, 0.2)).toBeNull();
  expect(seedsNeeded(1.2, 1, 0.2)).toBe(11);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Split } from "./dataset.ts";
import { holdOut } from "./validation.ts";

const splitWith = (labels: readonly number[]): Split => ({
  images: new Uint8Array(labels.length),
  labels: Uint8Array.from(labels),
  count: labels.length,
  shape: [1, 1, 1],
});

describe("holdOut()", () => {
  test("keeps each class's share: 10 of 60 zeros, 30 ones and 10 twos are 6, 3 and 1", () => {
    const split = splitWith(Array.from({ length: 100 }, (_, i) => (i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2)));
    const { validation } = holdOut(split, { count: 10, seed: 1 });
    const classes = [...validation].map((i) => split.labels[i]);
    expect([0, 1, 2].map((c) => classes.filter((label) => label === c).length)).toEqual([6, 3, 1]);
  });

  test("gives the rounding to the largest remainders: 2 of 5 + 3 + 1 is 1.11, 0.67, 0.22 → 1, 1, 0", () => {
    const split = splitWith([0, 0, 0, 0, 0, 1, 1, 1, 2]);
    const { validation } = holdOut(split, { count: 2, seed: 4 });
    expect([...validation].map((i) => split.labels[i])).toEqual([0, 1]);
  });

  test("parts every image once, in ascending order, the same for the same seed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(4), { minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.nat(),
        (labels, cut, seed) => {
          const count = cut % labels.length;
          const split = splitWith(labels);
          const { train, validation } = holdOut(split, { count, seed });
          expect(validation.length).toBe(count);
          const all = [...train, ...validation].sort((a, b) => a - b);
          expect(all).toEqual(labels.map((_, i) => i));
          expect([...train]).toEqual([...train].sort((a, b) => a - b));
          expect(holdOut(split, { count, seed })).toEqual({ train, validation });
        },
      ),
      { seed: 42 },
    );
  });

  test("differs between seeds and refuses a count that leaves no image to train on", () => {
    const split = splitWith(Array.from({ length: 100 }, (_, i) => i % 2));
    const chosen = (seed: number) => [...holdOut(split, { count: 20, seed }).validation];
    expect(chosen(1)).not.toEqual(chosen(2));
    expect(() => holdOut(split, { count: 100, seed: 1 })).toThrow("in [0, 100): current value is 100");
    expect(() => holdOut(split, { count: Number.NaN, seed: 1 })).toThrow("current value is NaN");
  });
});

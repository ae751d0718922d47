import fc from "fast-check";
import { expect, test } from "vitest";
import { decades, logTicks, spread } from "./chart.ts";

test("spread() leaves labels with room where they are and pushes crowded ones apart", () => {
  expect(spread([10, 50, 100], 15, 200)).toEqual([10, 50, 100]);
  expect(spread([50, 52, 51], 15, 200)).toEqual([50, 80, 65]); // sorted 50, 51, 52 → 50, 65, 80
  expect(spread([195, 198], 15, 200)).toEqual([185, 200]); // pushed up from the bottom edge
});

test("spread() keeps the order and the gap whatever it is given", () => {
  const wanted = fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(wanted, (pixels) => {
      const placed = spread(pixels, 15, 300).sort((a, b) => a - b);
      for (let k = 1; k < placed.length; k += 1)
        expect(placed[k]! - placed[k - 1]!).toBeGreaterThan(15 - 1e-9);
      expect(placed.at(-1)).toBeLessThanOrEqual(300);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("decades() and logTicks() cover a range without crowding it", () => {
  expect(decades(1e-4, 1)).toEqual([1e-4, 1e-3, 1e-2, 1e-1, 1].map((x) => expect.closeTo(x, 12)));
  expect(logTicks(1e-5, 1)).toHaveLength(6);
  expect(logTicks(0.05, 3).map((x) => Number(x.toPrecision(2)))).toEqual([0.1, 0.3, 1, 3]);
  expect(logTicks(0.06, 0.3).map((x) => Number(x.toPrecision(2)))).toEqual([0.07, 0.1, 0.15, 0.2, 0.3]);
});

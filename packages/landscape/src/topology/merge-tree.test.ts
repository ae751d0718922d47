import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HeightField } from "../store/height-field.ts";
import { mergeTree, saddleMinimumDistance } from "./merge-tree.ts";

const theirs: { heights: number[]; at: number[][]; ends: (number | null)[] } = JSON.parse(
  readFileSync(new URL("../../fixtures/merge-tree.json", import.meta.url), "utf8"),
);

const axis = Float64Array.from({ length: 101 }, (_, i) => (10 * i) / 100 - 5);
function himmelblau(scale: (height: number) => number = (z) => z): HeightField {
  const loss = new Float64Array(101 * 101);
  axis.forEach((y, j) => {
    axis.forEach((x, i) => {
      loss[j * 101 + i] = scale((x * x + y - 11) ** 2 + (x + y * y - 7) ** 2);
    });
  });
  return { x: axis, y: axis, fields: new Map([["loss", loss]]) };
}

describe("mergeTree()", () => {
  test("acceptance 11: Himmelblau's function has four valleys, which join where SciPy's labels say", () => {
    const { valleys } = mergeTree(himmelblau());
    expect(valleys).toHaveLength(4);
    theirs.heights.forEach((height, k) => {
      const own = valleys.find(({ at }) => at.every((c, d) => Math.abs(c - theirs.at[k]![d]!) < 1e-9))!;
      expect(own.height).toBeCloseTo(height, 9);
      if (theirs.ends[k] === null) expect(own.persistence).toBe(Number.POSITIVE_INFINITY);
      else expect(own.saddle!.height).toBeCloseTo(theirs.ends[k]!, 9);
    });
    // the saddles of the function itself, by Newton's method: a grid's lie a little above
    const saddles = valleys.flatMap(({ saddle }) => (saddle ? [saddle.height] : [])).sort((a, b) => a - b);
    [13.3119, 67.7192, 104.0152].forEach((height, k) => {
      expect(saddles[k]! / height).toBeGreaterThan(0.999);
      expect(saddles[k]! / height).toBeLessThan(1.02);
    });
  });

  test("acceptance 11: keeps the tree's shape when heights are raised, or taken as logarithms", () => {
    const shape = (field: HeightField) =>
      mergeTree(field)
        .valleys.map(({ point, saddle, joins }) => [point, saddle?.point, joins === undefined] as const)
        .sort(([a], [b]) => a - b);
    const own = shape(himmelblau());
    expect(shape(himmelblau((z) => z + 100))).toEqual(own);
    expect(shape(himmelblau((z) => Math.log(z + 1)))).toEqual(own);
  });

  test("by hand, along a line: 1 0 3 2 5 1 has three valleys", () => {
    const line: HeightField = {
      x: Float64Array.of(0, 1, 2, 3, 4, 5),
      y: new Float64Array(0),
      fields: new Map([["loss", Float64Array.of(1, 0, 3, 2, 5, 1)]]),
    };
    const tree = mergeTree(line);
    expect(tree.valleys.map(({ point, persistence }) => [point, persistence])).toEqual([
      [1, Number.POSITIVE_INFINITY],
      [5, 4], // 5 − 1
      [3, 1], // 3 − 2
    ]);
    expect([...tree.basins]).toEqual([0, 0, 0, 2, 1, 1]);
    expect(saddleMinimumDistance(tree)).toBe(2.5);
  });

  test("has nothing flow over what is not finite", () => {
    const loss = Float64Array.of(1, Number.NaN, 2, 1, Number.NaN, 3, 1, Number.POSITIVE_INFINITY, 4);
    const field = {
      x: Float64Array.of(0, 1, 2),
      y: Float64Array.of(0, 1, 2),
      fields: new Map([["loss", loss]]),
    };
    const { valleys, basins } = mergeTree(field);
    expect(valleys.map(({ point, persistence }) => [point, persistence])).toEqual([
      [0, Number.POSITIVE_INFINITY],
      [2, Number.POSITIVE_INFINITY],
    ]);
    expect([...basins]).toEqual([0, -1, 1, 0, -1, 1, 0, -1, 1]);
  });

  test("has a valley for each minimum, and every point in one, for any heights", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 36 }),
        (width, values) => {
          const rows = Math.ceil(values.length / width);
          const loss = Float64Array.from({ length: rows * width }, (_, i) => values[i] ?? 6);
          const ramp = (n: number) => Float64Array.from({ length: n }, (_, i) => i);
          const { valleys, basins } = mergeTree({
            x: ramp(width),
            y: ramp(rows),
            fields: new Map([["loss", loss]]),
          });
          expect(new Set(basins)).toEqual(new Set(valleys.keys()));
          expect(valleys[0]!.height).toBe(Math.min(...loss));
          for (const { persistence, saddle, height } of valleys.slice(1)) {
            expect(persistence).toBeGreaterThanOrEqual(0);
            expect(saddle!.height - height).toBe(persistence);
          }
        },
      ),
    );
  });
});

/** The parts of the page of landscapes that need no browser: heights, scales, contours. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { layersOf, unknownCells } from "./contour.ts";
import { csvOf, difference, type HeightField, heightAt } from "./height-field.ts";
import { differenceScale, heightScale } from "./height-scale.ts";
import { readState, writeState } from "./state.ts";

const plane = (x: number[], y: number[], height: (x: number, y: number) => number): HeightField => ({
  x: Float64Array.from(x),
  y: Float64Array.from(y),
  fields: new Map([["loss", Float64Array.from(y.flatMap((v) => x.map((u) => height(u, v))))]]),
});
const axis = (points: number) => Array.from({ length: points }, (_, i) => -1 + (2 * i) / (points - 1));

describe("heightAt()", () => {
  test("is exact for what is linear in each direction, and NaN outside", () => {
    const field = plane([0, 1, 3], [0, 2], (x, y) => 1 + 2 * x + 3 * y + x * y);
    const loss = field.fields.get("loss")!;
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        (x, y) => {
          expect(heightAt(field, loss, x, y)).toBeCloseTo(1 + 2 * x + 3 * y + x * y, 9);
        },
      ),
    );
    expect(heightAt(field, loss, 3.1, 1)).toBeNaN();
  });
});

describe("heightScale()", () => {
  test("goes to levels and back, by steps and by factors", () => {
    const heights = Float64Array.of(0.01, 0.1, 1, 10);
    for (const name of ["linear", "log"] as const) {
      const scale = heightScale([heights], name, 1);
      for (const height of heights) expect(scale.heightOf(scale.toLevel(height))).toBeCloseTo(height, 9);
    }
    expect(heightScale([heights], "auto", 1).kind).toBe("log");
    expect(heightScale([heights], "log", 1).toLevel(0.1)).toBeCloseTo(1 / 3, 12);
    expect(heightScale([Float64Array.of(1, 2)], "auto", 1).kind).toBe("linear");
  });

  test("cuts what is above the clip, and takes neither NaN nor infinity for a height", () => {
    const heights = Float64Array.of(1, 2, 3, 1e9, Number.NaN, Number.POSITIVE_INFINITY);
    const scale = heightScale([heights], "linear", 0.75);
    expect([scale.low, scale.high]).toEqual([1, 3]);
    expect(scale.toLevel(1e9)).toBe(1);
    expect(scale.toLevel(Number.NaN)).toBeNaN();
  });

  test("of differences has zero in its middle", () => {
    expect(differenceScale([Float64Array.of(-1, 4)], 1).toLevel(0)).toBe(0.5);
  });
});

describe("layersOf()", () => {
  test("of a cone have the areas of circles, by hand", () => {
    const field = plane(axis(101), axis(101), (x, y) => Math.hypot(x, y));
    const loss = field.fields.get("loss")!;
    const scale = heightScale([loss], "linear", 1);
    const layers = layersOf(field, loss, scale, 10);
    const area = (ring: readonly (readonly [number, number])[]) =>
      Math.abs(
        ring.reduce(
          (sum, [x, y], i) => sum + x * ring[(i + 1) % ring.length]![1] - ring[(i + 1) % ring.length]![0] * y,
          0,
        ),
      ) / 2;
    expect(layers).toHaveLength(10);
    const third = layers[3]!; // at 0.3 of √2: a square with a hole of that radius; the square has a side of 2
    const [outer, hole] = third.polygons[0]!;
    expect(area(outer!)).toBeCloseTo(1, 3);
    expect(area(hole!)).toBeCloseTo((Math.PI * (0.3 * Math.SQRT2) ** 2) / 4, 3);
  });

  test("leaves out what is not known, which is told apart", () => {
    const field = plane(axis(5), axis(5), (x, y) => (x === 0 && y === 0 ? Number.NaN : 1));
    expect(unknownCells(field, field.fields.get("loss")!)).toHaveLength(4);
  });
});

describe("difference()", () => {
  test("subtracts point by point, and only where the points are the same", () => {
    const a = plane(axis(3), axis(3), (x) => x);
    const b = plane(axis(3), axis(3), (_, y) => y);
    expect([...difference(a, b)!.fields.get("loss")!]).toEqual([0, 1, 2, -1, 0, 1, -2, -1, 0]);
    expect(
      difference(
        a,
        plane(axis(5), axis(5), () => 0),
      ),
    ).toBeUndefined();
  });
});

test("csvOf() has a row for each point, and says nan and inf as NumPy does", () => {
  const field = plane([0, 1], [0, 1], (x, y) =>
    x > 0 ? (y > 0 ? Number.NaN : Number.POSITIVE_INFINITY) : x + y,
  );
  expect(csvOf(field)).toBe("x,y,loss\n0,0,0\n1,0,inf\n0,1,1\n1,1,nan\n");
});

test("readState() gives back what writeState() wrote, and takes any text", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (query) => {
      const once = writeState({}, readState(query));
      expect(writeState({}, readState(once))).toEqual(once);
    }),
  );
});

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findSurface, quadratic, surfaces } from "./catalogue.ts";
import { nearestMinimum, type Point, type Surface } from "./surface.ts";

const SEED = 20_261_120;
const all = Object.values(surfaces);

/**
 * Central differences: error O(h²) from the third derivative, O(ε f / h) from rounding; h = 1e-5 balances the two near
 * 1e-10 of f's size.
 */
function differences({ value }: Surface, x: number, y: number): Point {
  const h = 1e-5;
  return [(value(x + h, y) - value(x - h, y)) / (2 * h), (value(x, y + h) - value(x, y - h)) / (2 * h)];
}

/** Determinant and trace of the Hessian by central differences of the exact gradient. */
function curvature({ gradient }: Surface, [x, y]: Point): { determinant: number; trace: number } {
  const h = 1e-5;
  const [right, left, up, down] = [
    gradient(x + h, y),
    gradient(x - h, y),
    gradient(x, y + h),
    gradient(x, y - h),
  ];
  const [xx, yy, xy] = [right[0] - left[0], up[1] - down[1], right[1] - left[1]].map((d) => d / (2 * h));
  return { determinant: xx! * yy! - xy! ** 2, trace: xx! + yy! };
}

/** Values by hand or from the papers: surface, point, f. */
const VALUES: readonly (readonly [string, Point, number])[] = [
  ["quadratic", [-4, 2], 28], // (16 + 40) / 2
  ["ellipse", [-1.5, 2], 14.25], // 2.25 + 12
  ["rosenbrock", [-1.2, 1], 24.2], // Moré et al.: the standard start
  ["beale", [1, 1], 14.203125], // 1.5² + 2.25² + 2.625²
  ["himmelblau", [0, 0], 170], // 121 + 49
  ["himmelblau", [-0.270845, -0.923039], 181.617], // the local maximum
  ["saddle", [3, 2], 5],
];

describe("surfaces", () => {
  test.each(VALUES)("%s at %j is %d", (name, [x, y], f) => {
    expect(findSurface(name).value(x, y)).toBeCloseTo(f, f === 181.617 ? 3 : 12);
  });

  test.each(all)("$name has the gradient that differences measure", (surface) => {
    const within = ([low, high]: Point) => fc.double({ min: 2 * low, max: 2 * high, noNaN: true });
    fc.assert(
      fc.property(within(surface.view.x), within(surface.view.y), (x, y) => {
        const [exact, measured] = [surface.gradient(x, y), differences(surface, x, y)];
        const size = 1 + Math.abs(surface.value(x, y)) + Math.hypot(...exact);
        expect(Math.abs(exact[0] - measured[0])).toBeLessThan(1e-8 * size);
        expect(Math.abs(exact[1] - measured[1])).toBeLessThan(1e-8 * size);
      }),
      { seed: SEED },
    );
  });

  test.each(all)("$name is stationary and lowest, 0, at its minima", (surface) => {
    for (const minimum of surface.minima) {
      expect(surface.value(...minimum)).toBeLessThan(1e-25);
      expect(Math.hypot(...surface.gradient(...minimum))).toBeLessThan(1e-12);
      const { determinant, trace } = curvature(surface, minimum);
      expect(determinant).toBeGreaterThan(0);
      expect(trace).toBeGreaterThan(0);
    }
  });

  test.each(all)("$name is stationary and curves both ways at its saddles", (surface) => {
    for (const point of surface.saddles) {
      expect(Math.hypot(...surface.gradient(...point))).toBeLessThan(1e-12);
      expect(curvature(surface, point).determinant).toBeLessThan(0);
    }
  });

  test("himmelblau has the four minima of the literature, to its six decimals", () => {
    const rounded = surfaces.himmelblau!.minima.map((point) => point.map((v) => Number(v.toFixed(6))));
    expect(rounded).toEqual([
      [3, 2],
      [-2.805118, 3.131313],
      [-3.77931, -3.283186],
      [3.584428, -1.848127],
    ]);
  });

  test.each(all)("$name starts inside its view", ({ start: [x, y], view }) => {
    expect(x > view.x[0] && x < view.x[1] && y > view.y[0] && y < view.y[1]).toBe(true);
  });
});

describe("quadratic()", () => {
  test.each([0, -1, Number.NaN, Infinity])("refuses a condition of %d", (condition) => {
    expect(() => quadratic(condition)).toThrow(`must be positive and finite: current value is ${condition}`);
  });
});

describe("findSurface()", () => {
  test.each(["x2+3y2", "x²+3y²", "x² + 3y²", "x^2+3y^2", "ellipse"])("knows the ellipse as %s", (name) => {
    expect(findSurface(name)).toBe(surfaces.ellipse);
  });

  test("is not fooled by names that every object has", () => {
    expect(() => findSurface("constructor")).toThrow('Cannot find the surface "constructor"');
  });

  test("suggests the nearest name", () => {
    expect(() => findSurface("himelblau")).toThrow('did you mean "himmelblau"');
  });
});

describe("nearestMinimum()", () => {
  test("measures to the nearest of several, and finds none on a saddle", () => {
    expect(nearestMinimum(surfaces.himmelblau!, [3, 5])).toEqual({ point: [3, 2], distance: 3 });
    expect(nearestMinimum(surfaces.saddle!, [0, 0])).toBeUndefined();
  });
});

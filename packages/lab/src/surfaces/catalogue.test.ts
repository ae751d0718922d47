import { buildProblem, problems } from "@thalweg/optim";
import { describe, expect, test } from "vitest";
import { findSurface, quadratic, surfaceOf, surfaces } from "./catalogue.ts";
import { nearestMinimum, type Point } from "./surface.ts";

const all = Object.values(surfaces);

/** Values by hand or from the papers: surface, point, f. */
const VALUES: readonly (readonly [string, Point, number])[] = [
  ["quadratic", [-4, 2], 28], // (16 + 40) / 2
  ["ellipse", [-1.5, 2], 14.25], // 2.25 + 12
  ["rosenbrock", [-1.2, 1], 24.2], // Moré et al.: the standard start
  ["beale", [1, 1], 14.203125], // 1.5² + 2.25² + 2.625²
  ["himmelblau", [0, 0], 170], // 121 + 49
  ["saddle", [3, 2], 5],
];

describe("surfaces", () => {
  test("are the problems of two variables", () => {
    expect(Object.keys(surfaces)).toEqual(
      Object.values(problems)
        .filter(({ build }) => build().view !== undefined)
        .map(({ name }) => name),
    );
  });

  test.each(VALUES)("%s at %j is %d", (name, [x, y], f) => {
    expect(findSurface(name).value(x, y)).toBeCloseTo(f, 12);
  });

  test("have their own gradients, each call a new point", () => {
    const { gradient } = surfaces.himmelblau!;
    const first = gradient(0, 0);
    gradient(3, 2);
    expect(first).toEqual([-14, -22]); // 2b, 2a
  });

  test.each(
    all,
  )("$name is stationary at its minima, all of the same height, and at its saddles", (surface) => {
    for (const point of [...surface.minima, ...surface.saddles]) {
      expect(Math.hypot(...surface.gradient(...point))).toBeLessThan(1e-11);
    }
    for (const point of surface.minima) {
      expect(surface.value(...point)).toBeCloseTo(surface.value(...surface.minima[0]!), 10);
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

describe("surfaceOf()", () => {
  test("refuses what has no x and y", () => {
    expect(() => surfaceOf(buildProblem("rosenbrock", { n: 3 }))).toThrow(
      "Cannot draw rosenbrock as a surface is a function of x and y: it has dimension 3",
    );
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

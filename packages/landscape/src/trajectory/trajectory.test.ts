import { flatten, linear, relu, sequential } from "@thalweg/nn";
import { classifier, type Trajectory } from "@thalweg/train";
import { describe, expect, test } from "vitest";
import { layoutOf } from "../directions/layout.ts";
import { cosine } from "../directions/orthogonalize.ts";
import { randomDirection } from "../directions/random.ts";
import { startOf } from "../evaluate/testing.ts";
import { affineFamily, pointOf } from "../families/affine.ts";
import { commonDirections, projectCourse } from "./course.ts";
import { Projector } from "./projection.ts";

const vector = (...values: number[]) => Float32Array.from(values);
const courseOf = (...points: Float32Array[]): Trajectory => ({
  size: points[0]!.length,
  spacing: 1,
  steps: points.map((_, i) => i),
  point: (i) => points[i]!.slice(),
});

describe("Projector", () => {
  // directions of lengths 2 and √2, 45° apart
  const family = affineFamily({
    origin: vector(1, 1, 1),
    basis: [vector(2, 0, 0), vector(1, 1, 0)],
    labels: ["u", "v"],
  });

  test("finds coordinates and distance of a point off a crooked plane, by hand", () => {
    // (3, 1, 4) = 1·(2, 0, 0) + 1·(1, 1, 0) + (0, 0, 4)
    const { coordinates, residual } = new Projector(family).point(vector(4, 2, 5));
    expect(coordinates[0]).toBeCloseTo(1, 12);
    expect(coordinates[1]).toBeCloseTo(1, 12);
    expect(residual).toBeCloseTo(4 / Math.sqrt(26), 12);
    expect(new Projector(family).capturedShare(vector(3, 1, 4))).toBeCloseTo(10 / 26, 12);
  });

  test("has the origin at zero, and no share of no move", () => {
    const projector = new Projector(family);
    expect(projector.point(family.origin)).toEqual({ coordinates: [0, 0], residual: 0 });
    expect(projector.capturedShare(vector(0, 0, 0))).toBeNaN();
    expect(() => projector.point(vector(1, 2))).toThrow(/as the plane's origin, 3: found 2/);
  });

  test("acceptance 5: gives back the coordinates on a plane of filter-normalised directions that are not at right angles", () => {
    const model = classifier(sequential(flatten(), linear(20, 12), relu(), linear(12, 4)), [20]);
    const { parameters } = startOf(model);
    const layout = layoutOf(model);
    const draw = (axis: number) =>
      randomDirection(parameters, layout, { seed: 5, axis, norm: "filter", freezeVectors: false }).values;
    const [u, w] = [draw(0), draw(1)];
    const v = w.map((value, i) => value + 0.5 * u[i]!);
    expect(Math.abs(cosine(u, v))).toBeGreaterThan(0.3);
    const plane = affineFamily({ origin: parameters, basis: [u, v], labels: ["u", "v"] });
    const { coordinates, residual } = new Projector(plane).point(pointOf(plane, [0.3, -0.7]));
    expect(coordinates[0]).toBeCloseTo(0.3, 6);
    expect(coordinates[1]).toBeCloseTo(-0.7, 6);
    expect(residual).toBeLessThan(1e-6);
  });
});

describe("projectCourse", () => {
  test("tells where a course went, how far off the plane, and what share of its moves the plane shows", () => {
    const plane = affineFamily({
      origin: vector(0, 0, 0),
      basis: [vector(1, 0, 0), vector(0, 1, 0)],
      labels: ["x", "y"],
    });
    // moves (3, 4, 0) in the plane and (0, 0, 5) out of it, of equal length
    const course = projectCourse(plane, courseOf(vector(0, 0, 0), vector(3, 4, 0), vector(3, 4, 5)));
    expect(course.coordinates).toEqual([
      [0, 0],
      [3, 4],
      [3, 4],
    ]);
    expect(course.residuals[1]).toBe(0);
    expect(course.residuals[2]).toBeCloseTo(5 / Math.sqrt(50), 12);
    expect(course.captured).toEqual([1, 0]);
    expect(course.capturedShare).toBe(0.5);
  });
});

describe("commonDirections", () => {
  test("of two courses in one plane are that plane, in which both are wholly seen", () => {
    const first = courseOf(vector(0, 0, 0), vector(1, 0, 0), vector(2, 1, 0));
    const second = courseOf(vector(0, 0, 0), vector(0, 1, 0), vector(-1, 3, 0), vector(-1, 5, 0));
    const { centre, directions, explained } = commonDirections([first, second], {
      count: 2,
      centre: "final",
    });
    expect(explained[0]! + explained[1]!).toBeCloseTo(1, 10);
    const family = affineFamily({ origin: centre, basis: directions, labels: ["1", "2"] });
    for (const course of [first, second])
      expect(projectCourse(family, course).capturedShare).toBeCloseTo(1, 6);
  });

  test("take a few points of each course, its first and last among them", () => {
    const asked: number[] = [];
    const long = { ...courseOf(vector(0, 0)), steps: Array.from({ length: 101 }, (_, i) => i) };
    const point = (i: number) => {
      asked.push(i);
      return vector(i, i * i);
    };
    commonDirections([{ ...long, point }], { count: 2, perCourse: 5 });
    expect(asked).toEqual([0, 25, 50, 75, 100]);
  });
});

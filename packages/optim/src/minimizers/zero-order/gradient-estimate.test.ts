import { stream } from "@thalweg/random";
import { describe, expect, it } from "vitest";
import type { Answer } from "../method.ts";
import type { Vector } from "../objective.ts";
import { dot } from "../vectors.ts";
import {
  type Directions,
  drawDirections,
  type EstimateOptions,
  estimateGradient,
} from "./gradient-estimate.ts";

const KINDS: readonly Directions[] = ["gaussian", "sphere", "coordinates"];
const options = (directions: Directions, more: Partial<EstimateOptions> = {}): EstimateOptions => ({
  ...{ directions, count: 1, radius: 1e-3, twoSided: true },
  ...more,
});

/** Answer the one batch that an estimate asks for. */
function estimate(f: (x: Vector) => number, x: Vector, given: EstimateOptions, index: number) {
  const into = new Float64Array(x.length);
  const steps = estimateGradient(x, given, stream(1, "test", index), into);
  const asked = steps.next();
  if (asked.done || asked.value.kind !== "values") throw new Error("expected one batch of values");
  const { points } = asked.value;
  const ended = steps.next(points.map(f) as Answer);
  return { gradient: into, value: ended.value, evaluations: points.length, done: ended.done };
}

const slope = Float64Array.of(1, -2, 3, 0.5, 0); // ‖∇f‖² = 14.25
const linear = (x: Vector) => dot(slope, x);
/** Quadratic: two-sided differences are exact whatever the radius. ∇f = (x₁ + 2x₂, 2x₁ − 3x₂) */
const quadratic = ([x, y]: Vector) => 0.5 * x! * x! + 2 * x! * y! - 1.5 * y! * y!;

describe("estimateGradient()", () => {
  it.each(
    KINDS,
  )("%s: its mean is the gradient, and ‖g‖² is n or n + 2 times that of the gradient", (kind) => {
    const draws = 20_000;
    const mean = new Float64Array(5);
    let square = 0;
    for (let i = 0; i < draws; i++) {
      const { gradient } = estimate(linear, Float64Array.of(1, 1, 1, 1, 1), options(kind), i);
      gradient.forEach((one, j) => {
        mean[j]! += one / draws;
      });
      square += dot(gradient, gradient) / draws;
    }
    // each coordinate's deviation is at most √(n + 2)‖∇f‖ = 10 per draw: 0.07 over all, four of which are allowed
    mean.forEach((one, j) => {
      expect(Math.abs(one - slope[j]!)).toBeLessThan(0.28);
    });
    // Gaussian: E (uᵀa)²‖u‖² = (n + 2)‖a‖²; sphere and coordinates: n²E (uᵀa)² = n‖a‖²
    const expected = (kind === "gaussian" ? 7 : 5) * dot(slope, slope);
    expect(square / expected).toBeGreaterThan(0.95);
    expect(square / expected).toBeLessThan(1.05);
  });

  it("coordinates, all of them: the gradient itself where f is quadratic, from 2n + 1 values in one batch", () => {
    const given = options("coordinates", { count: 2, radius: 0.5 });
    const { gradient, value, evaluations, done } = estimate(quadratic, Float64Array.of(1, 2), given, 0);
    expect(gradient[0]).toBeCloseTo(1 + 4, 12);
    expect(gradient[1]).toBeCloseTo(2 - 6, 12);
    expect(value).toBe(0.5 + 4 - 6);
    expect(evaluations).toBe(5);
    expect(done).toBe(true);
  });

  it("one-sided differences err by μ/2 times the curvature", () => {
    const given = options("coordinates", { count: 2, radius: 0.5, twoSided: false });
    const { gradient, evaluations } = estimate(quadratic, Float64Array.of(1, 2), given, 0);
    expect(gradient[0]).toBeCloseTo(5 + 0.25 * 1, 12);
    expect(gradient[1]).toBeCloseTo(-4 + 0.25 * -3, 12);
    expect(evaluations).toBe(3);
  });

  it.each(KINDS)("%s: k directions lower the variance k times", (kind) => {
    const variance = (count: number) => {
      let sum = 0;
      for (let i = 0; i < 4000; i++) {
        const { gradient } = estimate(linear, new Float64Array(5), options(kind, { count }), i);
        sum += gradient.reduce((total, one, j) => total + (one - slope[j]!) ** 2, 0) / 4000;
      }
      return sum;
    };
    const ratio = variance(1) / variance(4);
    // different coordinates of five: (1 − 4/5)/(1 − 1/5) of a quarter is left
    const expected = kind === "coordinates" ? 16 : 4;
    expect(ratio / expected).toBeGreaterThan(0.9);
    expect(ratio / expected).toBeLessThan(1.1);
  });
});

describe("drawDirections()", () => {
  it("gives unit vectors on the sphere, and different coordinates", () => {
    for (const u of drawDirections("sphere", 7, 5, stream(1, "test"))) expect(dot(u, u)).toBeCloseTo(1, 12);
    const taken = drawDirections("coordinates", 6, 6, stream(1, "test")).map((u) => u.indexOf(1));
    expect(taken.sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("refuses more coordinates than there are", () => {
    expect(() => drawDirections("coordinates", 2, 3, stream(1, "test"))).toThrow(
      /Cannot draw 3 coordinates as there are 2/,
    );
  });
});

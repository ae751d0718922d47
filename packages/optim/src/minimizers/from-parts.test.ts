import { describe, expect, it } from "vitest";
import { fromComponents, fromResiduals } from "./from-parts.ts";
import { minimizers } from "./methods.ts";
import { minimize } from "./minimize.ts";

/** The line through (0, 1), (1, 3), (2, 4): slope 3/2, intercept 7/6, by the normal equations. */
const times = [0, 1, 2];
const heights = [1, 3, 4];
const line = {
  name: "line",
  dimension: 2,
  count: 3,
  residuals: ([a = 0, b = 0]: Float64Array) => times.map((t, i) => a * t + b - heights[i]!),
  jacobian: () => times.map((t) => [t, 1]),
};

describe("fromResiduals()", () => {
  it("has value and gradient by hand: r = (−1, −3, −4) at 0", () => {
    const { value, gradient } = fromResiduals(line);
    const at = new Float64Array(2);
    const into = new Float64Array(2);
    expect(value(at)).toBe(13); // (1 + 9 + 16)/2
    expect(gradient!(at, into)).toBe(13);
    expect([...into]).toEqual([-11, -8]); // Jᵀr = (−3 − 8, −1 − 3 − 4)
  });

  it.each(["levenberg-marquardt", "gauss-newton", "bfgs"])("%s fits the line", (name) => {
    const { point } = minimize(minimizers[name]!, fromResiduals(line), [0, 0]);
    expect(point[0]).toBeCloseTo(3 / 2, 6);
    expect(point[1]).toBeCloseTo(7 / 6, 6);
  });

  it("refuses residuals and Jacobians of another size, when they come", () => {
    const fit = (change: object) => () =>
      minimize(minimizers["gauss-newton"]!, fromResiduals({ ...line, ...change }), [0, 0]);
    expect(fit({ residuals: () => [1, 2] })).toThrow(
      "the residuals of line as it must have 3 entries: it has 2",
    );
    expect(fit({ jacobian: () => [[1, 2]] })).toThrow(
      "the Jacobian of line as it must have 3 rows: it has 1",
    );
    expect(fit({ jacobian: () => times.map(() => [1]) })).toThrow("row 0 of the Jacobian of line");
    expect(fit({ count: 0 })).toThrow("its count must be a whole number >= 1: current value is 0");
  });
});

describe("fromComponents()", () => {
  /** Means of ½(x − c)² for c = 1, 2, 6: least at 3. */
  const centres = [1, 2, 6];
  const sum = fromComponents({
    dimension: 1,
    count: 3,
    value: (i, [x = 0]) => (x - centres[i]!) ** 2 / 2,
    gradient: (i, [x = 0]) => [x - centres[i]!],
  });

  it("is the mean of its terms", () => {
    const into = new Float64Array(1);
    expect(sum.value(Float64Array.of(0))).toBeCloseTo(41 / 6, 12); // (1 + 4 + 36)/2/3
    expect(sum.gradient!(Float64Array.of(0), into)).toBeCloseTo(41 / 6, 12);
    expect(into[0]).toBeCloseTo(-3, 12);
    expect(sum.components!.gradient([2, 2], Float64Array.of(0), into)).toBe(18);
    expect(into[0]).toBe(-6);
  });

  it.each(["saga", "lbfgs"])("%s minimizes it", (name) => {
    expect(minimize(minimizers[name]!, sum, [0]).point[0]).toBeCloseTo(3, 6);
  });
});

/** Curved valleys: sums of squares whose floor bends away from the gradient. */
import { countFrom } from "../options.ts";
import { cube, family, planar, viewIn, withHessian } from "./problem.ts";

/**
 *   f(x) = Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²
 *
 * From n = 4 on there is a local minimum near (−1, 1, …, 1) as well.
 */
export const rosenbrock = family({
  name: "rosenbrock",
  summary: "A bent valley with a flat floor: easy to reach, hard to follow.",
  options: { n: countFrom(2)(2, "dimension") },
  planar: true,
  build: ({ n }) => ({
    ...withHessian({
      dimension: n,
      value: (at) => {
        let sum = 0;
        for (let i = 0; i + 1 < n; i++) {
          sum += 100 * (at[i + 1]! - at[i]! * at[i]!) ** 2 + (1 - at[i]!) ** 2;
        }
        return sum;
      },
      gradient: (at, into) => {
        into.fill(0);
        let sum = 0;
        for (let i = 0; i + 1 < n; i++) {
          const x = at[i]!;
          const bend = at[i + 1]! - x * x;
          into[i]! += -400 * x * bend - 2 * (1 - x);
          into[i + 1]! += 200 * bend;
          sum += 100 * bend * bend + (1 - x) ** 2;
        }
        return sum;
      },
      hessian: (at, into) => {
        into.fill(0);
        for (let i = 0; i + 1 < n; i++) {
          const x = at[i]!;
          into[i * n + i]! += 1200 * x * x - 400 * at[i + 1]! + 2;
          into[i * n + i + 1] = -400 * x;
          into[(i + 1) * n + i] = -400 * x;
          into[(i + 1) * n + i + 1]! += 200;
        }
      },
      product: (at, v, into) => {
        into.fill(0);
        for (let i = 0; i + 1 < n; i++) {
          const x = at[i]!;
          into[i]! += (1200 * x * x - 400 * at[i + 1]! + 2) * v[i]! - 400 * x * v[i + 1]!;
          into[i + 1]! += 200 * v[i + 1]! - 400 * x * v[i]!;
        }
      },
      bounds: cube(n, -5, 10),
    }),
    residuals: {
      count: 2 * (n - 1),
      // f = ½‖r‖², so each r is √2 times what is squared
      evaluate: (at, r, J) => {
        J.fill(0);
        for (let i = 0; i + 1 < n; i++) {
          r[2 * i] = 10 * Math.SQRT2 * (at[i + 1]! - at[i]! * at[i]!);
          J[2 * i * n + i] = -20 * Math.SQRT2 * at[i]!;
          J[2 * i * n + i + 1] = 10 * Math.SQRT2;
          r[2 * i + 1] = Math.SQRT2 * (1 - at[i]!);
          J[(2 * i + 1) * n + i] = -Math.SQRT2;
        }
      },
    },
    formula: n === 2 ? "(1 − x)² + 100(y − x²)²" : "Σ (1 − xᵢ)² + 100(xᵢ₊₁ − xᵢ²)²",
    latex:
      n === 2
        ? String.raw`(1 - x)^2 + 100 \left(y - x^2\right)^2`
        : String.raw`\sum_i (1 - x_i)^2 + 100 \left(x_{i+1} - x_i^2\right)^2`,
    start: Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1)),
    minima: [new Float64Array(n).fill(1)],
    least: 0,
    ...viewIn(n, [-2, 2], [-1, 3]),
    source: "Rosenbrock 1960, The Computer Journal 3(3); start of Moré, Garbow & Hillstrom 1981, problem 1",
  }),
});

/** Sum of three squares whose residuals are a − x(1 − yᵏ) for k = 1, 2, 3. */
export const beale = family({
  name: "beale",
  summary: "A plateau with steep walls, and a saddle on the way.",
  options: {},
  planar: true,
  build: () => {
    const parts = (x: number, y: number) => [1.5 - x + x * y, 2.25 - x + x * y ** 2, 2.625 - x + x * y ** 3];
    return {
      ...planar({
        value: (x, y) =>
          (1.5 - x + x * y) ** 2 + (2.25 - x + x * y ** 2) ** 2 + (2.625 - x + x * y ** 3) ** 2,
        gradient: (x, y) => {
          const [a = 0, b = 0, c = 0] = parts(x, y);
          return [
            2 * (a * (y - 1) + b * (y ** 2 - 1) + c * (y ** 3 - 1)),
            2 * x * (a + 2 * b * y + 3 * c * y ** 2),
          ];
        },
        hessian: (x, y) => {
          const [a = 0, b = 0, c = 0] = parts(x, y);
          const [p, q, r] = [y - 1, y ** 2 - 1, y ** 3 - 1];
          return [
            2 * (p * p + q * q + r * r),
            2 * (a + 2 * b * y + 3 * c * y ** 2) + 2 * x * (p + 2 * y * q + 3 * y ** 2 * r),
            2 * x * x * (1 + 4 * y ** 2 + 9 * y ** 4) + 2 * x * (2 * b + 6 * c * y),
          ];
        },
        minima: [[3, 0.5]],
        saddles: [[0, 1]],
        view: { x: [-4.5, 4.5], y: [-4.5, 4.5] },
        start: [1, 1],
      }),
      residuals: {
        count: 3,
        evaluate: ([x = 0, y = 0], r, J) => {
          parts(x, y).forEach((part, k) => {
            r[k] = Math.SQRT2 * part;
            J[2 * k] = Math.SQRT2 * (y ** (k + 1) - 1);
            J[2 * k + 1] = Math.SQRT2 * (k + 1) * x * y ** k;
          });
        },
      },
      formula: "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
      latex: "(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2",
      source: "Beale 1958; Moré, Garbow & Hillstrom 1981, problem 5",
    };
  },
});

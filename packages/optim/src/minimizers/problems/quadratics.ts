/** Quadratics: where theory is exact. */
import { stream } from "@thalweg/random";
import type { Vector } from "../objective.ts";
import { count, countOrZero, positive } from "../options.ts";
import { add, dot, norm } from "../vectors.ts";
import { cube, family, planar, viewIn, withHessian } from "./problem.ts";

const NOCEDAL = "Nocedal & Wright, Numerical Optimization, 2nd ed. 2006, section 3.3";

export const sphere = family({
  name: "sphere",
  summary: "The same curvature everywhere: one step down the gradient can be enough.",
  options: { n: count(2, "dimension") },
  planar: true,
  build: ({ n }) => ({
    ...withHessian({
      dimension: n,
      value: (at) => dot(at, at),
      gradient: (at, into) => {
        for (let i = 0; i < n; i++) into[i] = 2 * at[i]!;
        return dot(at, at);
      },
      hessian: (_, into) => {
        into.fill(0);
        for (let i = 0; i < n; i++) into[i * n + i] = 2;
      },
      product: (_, direction, into) => {
        for (let i = 0; i < n; i++) into[i] = 2 * direction[i]!;
      },
      bounds: cube(n, -5, 5),
    }),
    formula: "Σ xᵢ²",
    latex: String.raw`\sum_i x_i^2`,
    start: new Float64Array(n).fill(3),
    minima: [new Float64Array(n)],
    least: 0,
    ...viewIn(n, [-5, 5], [-4, 4]),
    source: "De Jong 1975, function 1",
  }),
});

/**
 * Curvatures from 1 to κ in geometric progression, so that none is alone; in two dimensions 1 and κ.
 *
 *   f(x) = ½ yᵀ diag(κ^(i/(n−1))) y      y = x, or x reflected: y = x − 2v(vᵀx), ‖v‖ = 1
 *
 * Reflecting turns the axes of the ellipsoid away from the coordinates, for the price of a dot product.
 */
export const quadratic = family({
  name: "quadratic",
  summary: "An ellipsoid of any condition number κ and dimension n.",
  options: {
    kappa: positive(10, "condition number κ: the last curvature, where the first is 1"),
    n: count(2, "dimension"),
    turned: countOrZero(0, "seed of the reflection that turns the axes; 0 leaves them on the coordinates"),
  },
  planar: true,
  build: ({ kappa, n, turned }) => {
    const curvatures = Float64Array.from({ length: n }, (_, i) => kappa ** (n === 1 ? 1 : i / (n - 1)));
    const v = turned === 0 ? undefined : direction(n, turned);
    const y = new Float64Array(n);
    const product = (_: Vector, x: Vector, into: Vector) => {
      y.set(x);
      if (v !== undefined) add(y, -2 * dot(v, x), v);
      for (let i = 0; i < n; i++) into[i] = curvatures[i]! * y[i]!;
      if (v !== undefined) add(into, -2 * dot(v, into), v);
    };
    const bent = new Float64Array(n);
    const unit = new Float64Array(n);
    return {
      dimension: n,
      value: (at) => {
        product(at, at, bent);
        return dot(at, bent) / 2;
      },
      gradient: (at, into) => {
        product(at, at, into);
        return dot(at, into) / 2;
      },
      hessian: (at, into) => {
        for (let i = 0; i < n; i++) {
          unit.fill(0)[i] = 1;
          product(at, unit, into.subarray(i * n, (i + 1) * n));
        }
      },
      product,
      bounds: cube(n, -5, 5),
      formula: n === 2 && v === undefined ? `½(x² + ${kappa}y²)` : "½ xᵀAx",
      latex:
        n === 2 && v === undefined
          ? String.raw`\tfrac{1}{2} \left(x^2 + ${kappa} y^2\right)`
          : String.raw`\tfrac{1}{2} x^\top A x`,
      start: n === 2 ? Float64Array.of(-4, 2) : new Float64Array(n).fill(1),
      minima: [new Float64Array(n)],
      least: 0,
      ...viewIn(n, [-5, 5], [-3, 3]),
      source: NOCEDAL,
    };
  },
});

function direction(n: number, seed: number): Vector {
  const random = stream(seed, "problem quadratic: axes");
  const v = Float64Array.from({ length: n }, () => random.normal());
  const length = norm(v);
  return v.map((x) => x / length);
}

export const ellipse = family({
  name: "ellipse",
  summary: "The ellipse of the course: x² + 3y².",
  options: {},
  planar: true,
  build: () => ({
    ...planar({
      value: (x, y) => x * x + 3 * y * y,
      gradient: (x, y) => [2 * x, 6 * y],
      hessian: () => [2, 0, 6],
      minima: [[0, 0]],
      view: { x: [-4, 4], y: [-3, 3] },
      start: [-3, 2],
    }),
    formula: "x² + 3y²",
    latex: "x^2 + 3 y^2",
    source: `${NOCEDAL}; curvatures 2 and 6`,
  }),
});

export const matyas = family({
  name: "matyas",
  summary: "A flat trough along the diagonal, condition number 25.",
  options: {},
  planar: true,
  build: () => ({
    ...planar({
      value: (x, y) => 0.26 * (x * x + y * y) - 0.48 * x * y,
      gradient: (x, y) => [0.52 * x - 0.48 * y, 0.52 * y - 0.48 * x],
      hessian: () => [0.52, -0.48, 0.52],
      minima: [[0, 0]],
      view: { x: [-10, 10], y: [-10, 10] },
      start: [-8, 3],
    }),
    formula: "0.26(x² + y²) − 0.48xy",
    latex: String.raw`0.26 \left(x^2 + y^2\right) - 0.48 x y`,
    source: "Jamil & Yang, arXiv:1308.4008, function 71",
  }),
});

export const booth = family({
  name: "booth",
  summary: "Two linear equations, least squares.",
  options: {},
  planar: true,
  build: () => ({
    ...planar({
      value: (x, y) => (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2,
      gradient: (x, y) => [10 * x + 8 * y - 34, 8 * x + 10 * y - 38],
      hessian: () => [10, 8, 10],
      minima: [[1, 3]],
      view: { x: [-10, 10], y: [-10, 10] },
      start: [-5, -5],
    }),
    residuals: {
      count: 2,
      // f = ½‖r‖², so each r is √2 times what is squared
      evaluate: ([x = 0, y = 0], r, J) => {
        const c = Math.SQRT2;
        r.set([c * (x + 2 * y - 7), c * (2 * x + y - 5)]);
        J.set([c, 2 * c, 2 * c, c]);
      },
    },
    formula: "(x + 2y − 7)² + (2x + y − 5)²",
    latex: "(x + 2y - 7)^2 + (2x + y - 5)^2",
    source: "Jamil & Yang, arXiv:1308.4008, function 17",
  }),
});

/**
 * The surfaces by name. Gradients are written out, not differenced; minima are exact or polished to float64 by Newton's
 * method. A new surface is one more entry: its gradient and its stationary points are then tested with the others.
 */
import { lookUp } from "@thalweg/optim";
import type { Surface } from "./surface.ts";

/**
 * A bowl whose curvatures are 1 and κ, so κ is its condition number. Gradient descent multiplies x by 1 − η and y by
 * 1 − ηκ in each step; it converges for η < 2/κ. Raises RangeError unless κ is positive and finite.
 */
export function quadratic(condition = 10): Surface {
  if (!(condition > 0 && condition < Infinity)) {
    throw new RangeError(
      `Cannot build quadratic as its condition must be positive and finite: current value is ${condition}`,
    );
  }
  return {
    name: "quadratic",
    formula: `½(x² + ${condition}y²)`,
    latex: String.raw`\tfrac{1}{2} \left(x^2 + ${condition} y^2\right)`,
    value: (x, y) => (x * x + condition * y * y) / 2,
    gradient: (x, y) => [x, condition * y],
    minima: [[0, 0]],
    saddles: [],
    view: { x: [-5, 5], y: [-3, 3] },
    start: [-4, 2],
    source: "Nocedal & Wright, Numerical Optimization, 2nd ed., section 3.3",
  };
}

const ellipse: Surface = {
  name: "ellipse",
  formula: "x² + 3y²",
  latex: "x^2 + 3 y^2",
  value: (x, y) => x * x + 3 * y * y,
  gradient: (x, y) => [2 * x, 6 * y],
  minima: [[0, 0]],
  saddles: [],
  view: { x: [-4, 4], y: [-3, 3] },
  start: [-3, 2],
  source: "Nocedal & Wright, Numerical Optimization, 2nd ed., section 3.3; curvatures 2 and 6",
};

const rosenbrock: Surface = {
  name: "rosenbrock",
  formula: "(1 − x)² + 100(y − x²)²",
  latex: String.raw`(1 - x)^2 + 100 \left(y - x^2\right)^2`,
  value: (x, y) => (1 - x) ** 2 + 100 * (y - x * x) ** 2,
  gradient: (x, y) => [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)],
  minima: [[1, 1]],
  saddles: [],
  view: { x: [-2, 2], y: [-1, 3] },
  start: [-1.2, 1],
  source: "Rosenbrock 1960, The Computer Journal 3(3); start of Moré, Garbow & Hillstrom 1981, problem 1",
};

/** Sum of three squares whose residuals are a − x(1 − yᵏ) for k = 1, 2, 3. */
const beale: Surface = {
  name: "beale",
  formula: "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
  latex: "(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2",
  value: (x, y) => (1.5 - x + x * y) ** 2 + (2.25 - x + x * y ** 2) ** 2 + (2.625 - x + x * y ** 3) ** 2,
  gradient: (x, y) => {
    const [a, b, c] = [1.5 - x + x * y, 2.25 - x + x * y ** 2, 2.625 - x + x * y ** 3];
    return [
      2 * (a * (y - 1) + b * (y ** 2 - 1) + c * (y ** 3 - 1)),
      2 * x * (a + 2 * b * y + 3 * c * y ** 2),
    ];
  },
  minima: [[3, 0.5]],
  saddles: [[0, 1]],
  view: { x: [-4.5, 4.5], y: [-4.5, 4.5] },
  start: [1, 1],
  source: "Beale 1958; Moré, Garbow & Hillstrom 1981, problem 5",
};

const himmelblau: Surface = {
  name: "himmelblau",
  formula: "(x² + y − 11)² + (x + y² − 7)²",
  latex: String.raw`\left(x^2 + y - 11\right)^2 + \left(x + y^2 - 7\right)^2`,
  value: (x, y) => (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
  gradient: (x, y) => {
    const [a, b] = [x * x + y - 11, x + y * y - 7];
    return [4 * x * a + 2 * b, 2 * a + 4 * y * b];
  },
  minima: [
    [3, 2],
    [-2.805118086952745, 3.131312518250573],
    [-3.779310253377747, -3.283185991286169],
    [3.5844283403304917, -1.8481265269644034],
  ],
  saddles: [
    [-3.0730257507643897, -0.08135304428796751],
    [0.08667750455539634, 2.884254701174776],
    [3.385154183607021, 0.07385187983774928],
    [-0.12796134673068005, -1.9537149802445766],
  ],
  view: { x: [-5, 5], y: [-5, 5] },
  start: [-0.5, -1],
  source: "Himmelblau 1972, Applied Nonlinear Programming",
};

/** Down along y, up along x, no bottom: a walk that starts on the x axis converges to the saddle. */
const saddle: Surface = {
  name: "saddle",
  formula: "x² − y²",
  latex: "x^2 - y^2",
  value: (x, y) => x * x - y * y,
  gradient: (x, y) => [2 * x, -2 * y],
  minima: [],
  saddles: [[0, 0]],
  view: { x: [-2, 2], y: [-2, 2] },
  start: [-1.5, 0.01],
  source: "Dauphin et al., arXiv:1406.2572, figure 1",
};

export const surfaces: Readonly<Record<string, Surface>> = {
  quadratic: quadratic(),
  ellipse,
  rosenbrock,
  beale,
  himmelblau,
  saddle,
};

/** Other spellings, as people write the formula itself. */
const aliases = new Map([
  ["x2+3y2", "ellipse"],
  ["x²+3y²", "ellipse"],
  ["x^2+3y^2", "ellipse"],
]);

/** The surface of this name or alias. Raises RangeError with the nearest name when there is none. */
export function findSurface(name: string): Surface {
  return lookUp("surface", surfaces, aliases.get(name.toLowerCase().replaceAll(" ", "")) ?? name);
}

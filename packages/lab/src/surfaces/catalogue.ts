/**
 * The surfaces by name: the problems of `@thalweg/optim` that are functions of x and y. What is known of them, and the tests
 * that hold it to be true, are there.
 */
import { lookUp, type Problem, problems } from "@thalweg/optim";
import type { Point, Surface } from "./surface.ts";

/** A problem of two variables as a surface. */
export function surfaceOf(problem: Problem): Surface {
  const { name, formula, latex, source, value, gradient, minima, saddles = [], start, view } = problem;
  if (view === undefined || gradient === undefined) {
    throw new RangeError(
      `Cannot draw ${name} as a surface is a function of x and y: it has dimension ${problem.dimension}`,
    );
  }
  const at = new Float64Array(2);
  const slope = new Float64Array(2);
  const pointOf = (vector: Float64Array): Point => [vector[0]!, vector[1]!];
  const place = (x: number, y: number) => {
    at[0] = x;
    at[1] = y;
    return at;
  };
  return {
    name,
    formula,
    latex,
    value: (x, y) => value(place(x, y)),
    gradient: (x, y) => {
      gradient(place(x, y), slope);
      return pointOf(slope);
    },
    minima: minima.map(pointOf),
    saddles: saddles.map(pointOf),
    view,
    start: pointOf(start),
    source,
  };
}

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
  return surfaceOf(problems.quadratic!.build({ kappa: condition }));
}

export const surfaces: Readonly<Record<string, Surface>> = Object.fromEntries(
  Object.values(problems)
    .filter(({ planar }) => planar)
    .map(({ name, build }) => [name, surfaceOf(build())]),
);

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

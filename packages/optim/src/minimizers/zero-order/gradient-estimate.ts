/**
 * Gradients from values: differences along directions, put together so that their mean is right.
 *
 *   g = (a/k) Σ_j δ_j u_j,   δ = (f(x + μu) − f(x))/μ   or   (f(x + μu) − f(x − μu))/(2μ)
 *
 *   directions     E uuᵀ    a
 *   gaussian       I        1      u ~ N(0, I)
 *   sphere         I/n      n      ‖u‖ = 1
 *   coordinates    I/n      n      u = e_i, k different ones; with k = n ordinary finite differences
 *
 * The mean of g is the gradient of f blurred over μ, which is ∇f itself where f is quadratic (two-sided) or linear. One direction sees one
 * n-th of the gradient, hence ‖g‖² is about n/k times ‖∇f‖², and descent takes about n/k times the steps. All points are asked for in one batch.
 *
 * Sources  Nesterov & Spokoiny, Found. Comput. Math. 17 (2017) 527–566; Flaxman, Kalai & McMahan, arXiv:cs/0408007 (sphere);
 *          Duchi, Jordan, Wainwright & Wibisono, arXiv:1312.2139 (two points, several directions).
 */
import type { Stream } from "@thalweg/random";
import { type Steps, valuesAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { move, scale } from "../vectors.ts";

export type Directions = "gaussian" | "sphere" | "coordinates";

export interface EstimateOptions {
  readonly directions: Directions;
  /** k, the number of directions; with coordinates at most n. */
  readonly count: number;
  /** μ, the distance of the points from x. */
  readonly radius: number;
  /** Both sides of x: 2k values, with an error of order μ² rather than μ. */
  readonly twoSided: boolean;
}

/** k directions of n numbers. The same stream gives the same ones. */
export function drawDirections(kind: Directions, n: number, k: number, random: Stream): Vector[] {
  if (kind === "coordinates") {
    if (k > n) {
      throw new RangeError(
        `Cannot draw ${k} coordinates as there are ${n}: lower the number of directions, or use the sphere`,
      );
    }
    const order = random.permutation(n);
    return Array.from({ length: k }, (_, j) => unit(n, order[j]!));
  }
  return Array.from({ length: k }, () => {
    const u = Float64Array.from({ length: n }, () => random.normal());
    if (kind === "sphere") scale(u, 1 / Math.sqrt(u.reduce((sum, one) => sum + one * one, 0)));
    return u;
  });
}

function unit(n: number, i: number): Vector {
  const u = new Float64Array(n);
  u[i] = 1;
  return u;
}

/** a: what makes the mean over directions that of ∇f. */
export const scaleOf = (kind: Directions, n: number): number => (kind === "gaussian" ? 1 : n);

/** Where to evaluate f: x itself, then x + μu for each u, then x − μu where both sides are wanted. */
export function pointsAround(
  x: Vector,
  directions: readonly Vector[],
  radius: number,
  twoSided: boolean,
): Vector[] {
  const beside = (distance: number) =>
    directions.map((u) => {
      const point = new Float64Array(x.length);
      move(x, distance, u, point);
      return point;
    });
  return [x, ...beside(radius), ...(twoSided ? beside(-radius) : [])];
}

/** The estimate into `into`, from the values at `pointsAround`. */
export function combine(
  values: readonly number[],
  directions: readonly Vector[],
  { directions: kind, radius, twoSided }: EstimateOptions,
  into: Vector,
): void {
  const k = directions.length;
  const weight = scaleOf(kind, into.length) / k;
  into.fill(0);
  for (const [j, u] of directions.entries()) {
    const ahead = values[1 + j]!;
    const slope = twoSided ? (ahead - values[1 + k + j]!) / (2 * radius) : (ahead - values[0]!) / radius;
    for (let i = 0; i < into.length; i++) into[i]! += weight * slope * u[i]!;
  }
}

/** Estimate ∇f(x) into `into` with one batch of values; the answer is f(x). */
export function* estimateGradient(
  x: Vector,
  options: EstimateOptions,
  random: Stream,
  into: Vector,
): Steps<number> {
  const directions = drawDirections(options.directions, x.length, options.count, random);
  const values = yield* valuesAt(pointsAround(x, directions, options.radius, options.twoSided));
  combine(values, directions, options, into);
  return values[0]!;
}

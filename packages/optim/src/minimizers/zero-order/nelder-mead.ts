/**
 * The simplex of Nelder and Mead: n + 1 points, the worst of which is reflected through the rest, further or less far as it goes.
 *
 * Start, order of comparisons, and end are SciPy's, so that its evaluations are reproduced one by one. `adaptive` takes the coefficients
 * of Gao and Han, which keep the simplex from collapsing in many dimensions.
 *
 *                 ρ     χ         ψ              σ
 *   usual         1     2         1/2            1/2
 *   adaptive      1     1 + 2/n   3/4 − 1/(2n)   1 − 1/n
 *
 * Sources  Nelder & Mead, The Computer Journal 7 (1965) 308–313; Lagarias et al., SIAM J. Optimization 9 (1998) 112–147; Gao & Han,
 *          Comput. Optim. Appl. 51 (2012) 259–277; SciPy 1.10, `_minimize_neldermead`.
 */
import { brief } from "../brief.ts";
import { finished, method, type Steps, valueAt, valuesAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { flag, nonNegative, positive } from "../options.ts";
import { add } from "../vectors.ts";

interface Vertex {
  point: Vector;
  value: number;
}

const USUAL = { rho: 1, chi: 2, psi: 0.5, sigma: 0.5 };
const adaptiveIn = (n: number) => ({
  rho: 1,
  chi: 1 + 2 / n,
  psi: 0.75 - 1 / (2 * n),
  sigma: 1 - 1 / n,
});

export const nelderMead = method({
  name: "nelder-mead",
  family: "zero-order",
  summary: "A simplex that reflects its worst point through the others, stretches and shrinks; SciPy's.",
  source: "Nelder & Mead, The Computer Journal 7 (1965); Lagarias et al. 1998; SciPy 1.10",
  needs: [],
  options: {
    adaptive: flag(false, "coefficients that depend on the dimension (Gao & Han 2012)"),
    relative: positive(0.05, "first size along a coordinate, as a share of it"),
    absolute: positive(0.00025, "first size along a coordinate that is 0"),
    pointTolerance: nonNegative(1e-4, "the largest coordinate difference in the simplex at the end"),
    valueTolerance: nonNegative(1e-4, "the largest difference of values in the simplex at the end"),
  },
  *run({ start, dimension: n }, { adaptive, relative, absolute, pointTolerance, valueTolerance }) {
    const { rho, chi, psi, sigma } = adaptive ? adaptiveIn(n) : USUAL;
    const points = [start];
    for (let k = 0; k < n; k++) {
      const point = start.slice();
      point[k] = point[k] === 0 ? absolute : (1 + relative) * point[k]!;
      points.push(point);
    }
    const values = yield* valuesAt(points);
    const simplex: Vertex[] = points.map((point, i) => ({ point, value: values[i]! }));
    yield* finished({ ...simplex[0]! }); // the start
    sort(simplex);

    const centre = new Float64Array(n);
    /** (1 + c) centre − c worst, evaluated. */
    function* at(c: number): Steps<Vertex> {
      const worst = simplex[n]!.point;
      const point = new Float64Array(n);
      for (let i = 0; i < n; i++) point[i] = (1 + c) * centre[i]! - c * worst[i]!;
      return { point, value: yield* valueAt(point) };
    }

    for (;;) {
      const [best] = simplex as [Vertex];
      let size = 0;
      let fall = 0;
      for (const { point, value } of simplex) {
        size = Math.max(size, maxDifference(point, best.point));
        fall = Math.max(fall, Math.abs(value - best.value));
      }
      if (size <= pointTolerance && fall <= valueTolerance) {
        return {
          reason: "step below tolerance",
          detail: `the simplex spans ${brief(size)} in x and ${brief(fall)} in f`,
        };
      }
      centre.fill(0);
      for (let k = 0; k < n; k++) add(centre, 1, simplex[k]!.point);
      for (let i = 0; i < n; i++) centre[i]! /= n;

      const reflected = yield* at(rho);
      let accepted: Vertex | undefined;
      if (reflected.value < best.value) {
        const expanded = yield* at(rho * chi);
        accepted = expanded.value < reflected.value ? expanded : reflected;
      } else if (reflected.value < simplex[n - 1]!.value) {
        accepted = reflected;
      } else if (reflected.value < simplex[n]!.value) {
        const outside = yield* at(psi * rho);
        if (outside.value <= reflected.value) accepted = outside;
      } else {
        const inside = yield* at(-psi);
        if (inside.value < simplex[n]!.value) accepted = inside;
      }
      if (accepted !== undefined) simplex[n] = accepted;
      else {
        for (const { point } of simplex.slice(1)) {
          for (let i = 0; i < n; i++) point[i] = best.point[i]! + sigma * (point[i]! - best.point[i]!);
        }
        const shrunk = yield* valuesAt(simplex.slice(1).map(({ point }) => point));
        shrunk.forEach((value, i) => {
          simplex[i + 1]!.value = value;
        });
      }
      sort(simplex);
      yield* finished({ ...simplex[0]!, stepLength: size });
    }
  },
});

/** Least first; ∞ − ∞ is NaN, so by comparison. Equal values stay in order, as in SciPy up to sixteen points. */
const sort = (simplex: Vertex[]) =>
  simplex.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));

function maxDifference(a: Vector, b: Vector): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

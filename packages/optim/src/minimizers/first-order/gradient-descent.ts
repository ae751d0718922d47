/** Gradient descent with a line search: the methods that others are compared with. */
import { backtrack } from "../line-search/backtracking.ts";
import { moreThuente } from "../line-search/more-thuente.ts";
import { finished, gradientAt, method, productAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { fraction, oneOf, positive } from "../options.ts";
import { Standstill } from "../standstill.ts";
import { dot, isRounding, maxNorm, move, norm } from "../vectors.ts";

/**
 * Step down the gradient, as far as the value falls enough.
 *
 *   x ← x − α∇f(x)
 *   armijo  α by halving, beginning where the last search ended, once longer: a value per trial
 *   wolfe   α where the slope is small too, by Moré and Thuente: a gradient per trial
 *
 * Source  Cauchy 1847; Armijo 1966; Nocedal & Wright, Numerical Optimization, 2nd ed., section 3.1.
 */
export const gradientDescent = method({
  name: "gradient-descent",
  family: "first-order",
  summary: "Steps down the gradient, as far as the value falls enough.",
  source: "Cauchy 1847; Armijo 1966; Nocedal & Wright, Numerical Optimization, section 3.1",
  needs: ["gradient"],
  options: {
    search: oneOf(["armijo", "wolfe"], "line search: by values alone, or by slopes too"),
    first: positive(1, "the first step tried, as a multiple of the gradient"),
    decrease: fraction(1e-4, "c₁: the share of the decrease promised by the slope that is asked for"),
    shrink: fraction(0.5, "armijo: what a step that is too long is multiplied by"),
    curvature: fraction(0.9, "wolfe: c₂, the share of the slope that may be left"),
  },
  *run({ start, dimension: n }, { search, first, decrease, shrink, curvature }) {
    let x = start;
    let g: Vector = new Float64Array(n);
    let place = { x: new Float64Array(n) as Vector, g: new Float64Array(n) as Vector };
    const d = new Float64Array(n);
    let trial = first;
    const standstill = new Standstill();
    let f = yield* gradientAt(x, g);
    yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: 0 });
    for (;;) {
      for (let i = 0; i < n; i++) d[i] = -g[i]!;
      const line = { x, f, d, slope: -dot(g, g) };
      const found =
        search === "armijo"
          ? yield* backtrack(line, { first: trial, decrease, shrink }, place.x)
          : yield* moreThuente(line, { first: trial, c1: decrease, c2: curvature }, place);
      if (found === undefined) {
        return { reason: "no descent", detail: "no step down the gradient lowers the value enough" };
      }
      [x, place, g] = [place.x, { x, g }, place.g];
      f = search === "armijo" ? yield* gradientAt(x, g) : found.f;
      trial = search === "armijo" ? found.step / shrink : found.step;
      yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: found.step * norm(d) });
      const still = standstill.at(f);
      if (still !== undefined) return still;
    }
  },
});

/**
 * Step to the lowest point of the quadratic model along the gradient, which on a quadratic is the lowest point there is.
 *
 *   x ← x − α∇f(x)      α = gᵀg / gᵀHg, with H·g asked for
 *
 * On a quadratic of condition number κ the error falls by ((κ − 1)/(κ + 1))² per step at least. Elsewhere the step is halved
 * until the value falls, and doubled from the last one where the model curves down.
 *
 * Source  Cauchy 1847; Nocedal & Wright, Numerical Optimization, 2nd ed., Theorem 3.3.
 */
export const steepestDescent = method({
  name: "steepest-descent",
  family: "first-order",
  summary:
    "Steps down the gradient to the lowest point of the quadratic model: an exact search on quadratics.",
  source: "Cauchy 1847; Nocedal & Wright, Numerical Optimization, equation 3.26 and Theorem 3.3",
  needs: ["gradient", "product"],
  options: {},
  *run({ start, dimension: n }) {
    let x = start;
    let next: Vector = new Float64Array(n);
    const [g, d, Hg] = [0, 1, 2].map(() => new Float64Array(n)) as [Vector, Vector, Vector];
    const standstill = new Standstill();
    let step = 0.5;
    let stepLength = 0;
    for (;;) {
      const f = yield* gradientAt(x, g);
      yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength });
      const still = standstill.at(f);
      if (still !== undefined) return still;
      yield* productAt(x, g, Hg);
      const bend = dot(g, Hg);
      const first = bend > 0 ? dot(g, g) / bend : 2 * step;
      for (let i = 0; i < n; i++) d[i] = -g[i]!;
      const line = { x, f, d, slope: -dot(g, g) };
      const found = yield* backtrack(line, { first, decrease: 1e-4, shrink: 0.5 }, next);
      if (found === undefined) {
        return { reason: "no descent", detail: "no step down the gradient lowers the value enough" };
      }
      step = found.step;
      stepLength = step * norm(d);
      [x, next] = [next, x];
    }
  },
});

/**
 * Gradient descent whose step is the last change of x over the last change of the gradient: no curvature is asked for, and the
 * value need not fall with every step.
 *
 *   long   α = sᵀs/sᵀy      short   α = sᵀy/yᵀy
 *
 * A step is halved when the value exceeds the highest of the last ten; so it converges on more than quadratics.
 *
 * Source  Barzilai & Borwein 1988, IMA J. Numerical Analysis 8; Raydan 1997, SIAM J. Optimization 7, the global form.
 */
export const barzilaiBorwein = method({
  name: "barzilai-borwein",
  family: "first-order",
  summary: "Steps by the last change of x over that of the gradient, without a line search nearly always.",
  source: "Barzilai & Borwein 1988, IMA J. Numerical Analysis 8; Raydan 1997, SIAM J. Optimization 7",
  needs: ["gradient"],
  options: {
    step: oneOf(["long", "short"], "which of the two steps"),
    longest: positive(1e10, "longest step, and the inverse of the shortest"),
  },
  *run({ start, dimension: n }, { step, longest }) {
    let x = start;
    let next: Vector = new Float64Array(n);
    let g: Vector = new Float64Array(n);
    let there: Vector = new Float64Array(n);
    const d = new Float64Array(n);
    let f = yield* gradientAt(x, g);
    yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: 0 });
    const recent = [f];
    let alpha = 1 / Math.max(1, maxNorm(g));
    for (;;) {
      for (let i = 0; i < n; i++) d[i] = -g[i]!;
      const slope = -dot(g, g);
      const highest = Math.max(...recent);
      let value = Number.POSITIVE_INFINITY;
      for (let trial = 0; trial < MOST_HALVINGS; trial++, alpha /= 2) {
        move(x, alpha, d, next);
        value = yield* gradientAt(next, there);
        if (value <= highest + 1e-4 * alpha * slope && !(value >= f && isRounding(alpha, d, x))) break;
        value = Number.POSITIVE_INFINITY;
      }
      if (value === Number.POSITIVE_INFINITY) {
        return { reason: "no descent", detail: "no step down the gradient stays below the last ten values" };
      }
      const stepLength = alpha * norm(d);
      let [ss, sy, yy] = [0, 0, 0];
      for (let i = 0; i < n; i++) {
        const [s, y] = [next[i]! - x[i]!, there[i]! - g[i]!];
        ss += s * s;
        sy += s * y;
        yy += y * y;
      }
      [x, next, g, there, f] = [next, x, there, g, value];
      yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength });
      recent.push(f);
      if (recent.length > MEMORY) recent.shift();
      const wanted = step === "long" ? ss / sy : sy / yy;
      alpha = sy > 0 ? Math.min(longest, Math.max(1 / longest, wanted)) : Math.min(longest, 1 / maxNorm(g));
    }
  },
});

/** M of Grippo, Lampariello and Lucidi 1986, as Raydan has it. */
const MEMORY = 10;
const MOST_HALVINGS = 60;

/** L-BFGS as torch has it, to the digit, and with the line search of L-BFGS-B. */
import { moreThuente } from "../line-search/more-thuente.ts";
import { strongWolfe } from "../line-search/strong-wolfe.ts";
import { finished, gradientAt, method, type Steps, type Stop } from "../method.ts";
import type { Vector } from "../objective.ts";
import { count, countOrZero, nonNegative, oneOf, positive } from "../options.ts";
import { add, dot, maxNorm, norm, sumNorm } from "../vectors.ts";
import { LimitedMemory } from "./limited-memory.ts";

/** Pairs with yᵀs at most this are not kept: torch's bound. */
const LEAST_CURVATURE = 1e-10;

/**
 * Quasi-Newton steps from the last few changes of the gradient: memory and time in proportion to n.
 *
 *   d = −Hg, H from m pairs (s, y);  x ← x + t·d      t from the line search, or lr
 *
 * Options   `lr`, `maxIter`, `maxEval`, `toleranceGrad`, `toleranceChange`, `history` and `search` are torch's lr, max_iter,
 *           max_eval, tolerance_grad, tolerance_change, history_size and line_search_fn, with the meaning they have within one
 *           call of `step`. 0 iterations or evaluations leave that to the budget. Several calls of `step` are one run here, which
 *           does not evaluate again where a call ended.
 * Accuracy  the iterates and evaluations of torch.optim.LBFGS 1.13 in float64 to 1e-12, with and without its line search.
 * Source    Liu & Nocedal 1989, Mathematical Programming 45; torch/optim/lbfgs.py; Byrd et al. 1995 for "more-thuente".
 * Differs   without a line search, the last point is evaluated too, since what is not evaluated is no result.
 */
export const lbfgs = method({
  name: "lbfgs",
  family: "second-order",
  summary: "Quasi-Newton steps from the last few changes of the gradient, in memory proportional to n.",
  source: "Liu & Nocedal 1989, Mathematical Programming 45; torch.optim.LBFGS; Byrd et al. 1995",
  needs: ["gradient"],
  options: {
    search: oneOf(
      ["strong-wolfe", "more-thuente", "none"],
      "line search: torch's, that of L-BFGS-B, or steps of lr without one",
    ),
    history: count(10, "m, the number of pairs that are kept"),
    lr: positive(1, "the first step tried, as a multiple of the quasi-Newton step"),
    maxIter: countOrZero(0, "most iterations; 0 for no limit but the budget"),
    maxEval: countOrZero(
      0,
      "torch's: no new iteration after so many evaluations; 0 for no limit but the budget",
    ),
    toleranceGrad: nonNegative(0, "end where the largest entry of the gradient is at most this"),
    toleranceChange: nonNegative(0, "end where neither the value nor x changes by more than this"),
  },
  run: ({ start }, { search, ...options }) =>
    search === "more-thuente" ? boxless(start, options) : torch(start, options, search === "strong-wolfe"),
});

interface Settings {
  readonly history: number;
  readonly lr: number;
  readonly maxIter: number;
  readonly maxEval: number;
  readonly toleranceGrad: number;
  readonly toleranceChange: number;
}

function* torch(
  x: Vector,
  { history, lr, maxIter, maxEval, toleranceGrad, toleranceChange }: Settings,
  searches: boolean,
): Steps<Stop> {
  const n = x.length;
  const memory = new LimitedMemory(history);
  const d = new Float64Array(n);
  const trial = new Float64Array(n);
  let [g, ...spare] = Array.from({ length: 4 }, () => new Float64Array(n)) as [Vector, ...Vector[]];
  let loss = yield* gradientAt(x, g);
  let evaluations = 1;
  let steepest = maxNorm(g);
  yield* finished({ point: x, value: loss, gradientNorm: steepest, stepLength: 0 });
  for (let iteration = 1; ; iteration++) {
    if (steepest <= toleranceGrad) {
      return { reason: "gradient below tolerance", detail: `its largest entry is ${steepest}` };
    }
    memory.direction(g, d);
    const t = iteration === 1 ? Math.min(1, 1 / sumNorm(g)) * lr : lr;
    const slope = dot(g, d);
    if (slope > -toleranceChange || slope === 0) {
      return { reason: "no descent", detail: `the slope along the step is ${slope}` };
    }
    const before = loss;
    let accepted: { t: number; f: number; g: Vector; evaluations: number };
    if (searches) {
      accepted = yield* strongWolfe({ x, f: loss, d, slope }, { first: t, toleranceChange }, g, spare, trial);
      add(x, accepted.t, d);
    } else {
      add(x, t, d);
      const [free] = spare as [Vector];
      accepted = { t, f: yield* gradientAt(x, free), g: free, evaluations: 1 };
    }
    evaluations += accepted.evaluations;
    loss = accepted.f;
    steepest = maxNorm(accepted.g);
    yield* finished({ point: x, value: loss, gradientNorm: steepest, stepLength: accepted.t * norm(d) });
    if (accepted.t === 0) return { reason: "no descent", detail: "the line search finds no lower point" };
    if (iteration === maxIter) {
      return { reason: "iterations spent", detail: `maxIter = ${maxIter} were allowed` };
    }
    if (maxEval > 0 && evaluations >= maxEval) {
      return { reason: "budget spent", detail: `maxEval = ${maxEval} evaluations were allowed` };
    }
    if (steepest > toleranceGrad) {
      if (accepted.t * maxNorm(d) <= toleranceChange) {
        return { reason: "step below tolerance", detail: `its largest entry is at most ${toleranceChange}` };
      }
      if (Math.abs(loss - before) < toleranceChange) {
        return { reason: "change below tolerance", detail: `the value changed by ${loss - before}` };
      }
    }
    memory.push(accepted.t, d, accepted.g, g, LEAST_CURVATURE);
    if (accepted.g !== g) {
      spare = [...spare.filter((buffer) => buffer !== accepted.g), g];
      g = accepted.g;
    }
  }
}

/** L-BFGS-B where there are no bounds: its line search, its first step 1/‖g‖, and a new start when a search fails. */
function* boxless(
  x: Vector,
  { history, lr, maxIter, toleranceGrad, toleranceChange }: Settings,
): Steps<Stop> {
  const n = x.length;
  const memory = new LimitedMemory(history);
  const d = new Float64Array(n);
  let g: Vector = new Float64Array(n);
  let place = { x: new Float64Array(n) as Vector, g: new Float64Array(n) as Vector };
  let at = x;
  let f = yield* gradientAt(at, g);
  let steepest = maxNorm(g);
  yield* finished({ point: at, value: f, gradientNorm: steepest, stepLength: 0 });
  for (let iteration = 1; ; iteration++) {
    if (steepest <= toleranceGrad) {
      return { reason: "gradient below tolerance", detail: `its largest entry is ${steepest}` };
    }
    memory.direction(g, d);
    const slope = dot(g, d);
    const first = iteration === 1 ? lr / norm(d) : lr;
    const found =
      slope < 0
        ? yield* moreThuente(
            { x: at, f, d, slope },
            { first, c1: 1e-3, c2: 0.9, xtol: 0.1, trials: 20 },
            place,
          )
        : undefined;
    if (found === undefined) {
      if (memory.length === 0) {
        return { reason: "no descent", detail: "no step down the gradient satisfies the Wolfe conditions" };
      }
      memory.forget();
      iteration--;
      continue;
    }
    const before = f;
    f = found.f;
    // a pair is kept where the slope has risen along it by more than rounding: dr > ε·|slope|·step
    memory.push(found.step, d, place.g, g, Number.EPSILON * -slope * found.step);
    [at, place, g] = [place.x, { x: at, g }, place.g];
    steepest = maxNorm(g);
    yield* finished({ point: at, value: f, gradientNorm: steepest, stepLength: found.step * norm(d) });
    if (iteration === maxIter) {
      return { reason: "iterations spent", detail: `maxIter = ${maxIter} were allowed` };
    }
    if (before - f < toleranceChange * Math.max(Math.abs(before), Math.abs(f), 1)) {
      return { reason: "change below tolerance", detail: `the value fell by ${before - f}` };
    }
  }
}

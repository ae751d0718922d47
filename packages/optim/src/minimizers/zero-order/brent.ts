/**
 * Minimum along a line, from values: bracket it by growing steps, then Brent's parabolas with golden sections for a net. Order of evaluations
 * and constants are SciPy's, so that Powell's method asks for the same points.
 *
 * Sources  Brent, Algorithms for Minimization without Derivatives, 1973, ch. 5; Press et al., Numerical Recipes, §10.1–10.2;
 *          SciPy 1.10, `bracket` and `Brent`.
 */
import { type Steps, valueAt } from "../method.ts";
import type { Vector } from "../objective.ts";

const GOLD = 1.618034;
const GOLD_SECTION = 0.381966;
const GROWTH = 110;
const TINY = 1e-21;
const LEAST_TOLERANCE = 1e-11;
const MOST_STEPS = 500;

type Value = (alpha: number) => Steps<number>;

interface Probe {
  at: number;
  value: number;
}

export interface LineMinimum {
  alpha: number;
  value: number;
}

/** The least value of f(x + αd) over α, to a share `tolerance` of α. Undefined where the line falls without end. */
export function* minimizeAlong(x: Vector, d: Vector, tolerance: number): Steps<LineMinimum | undefined> {
  function* value(alpha: number): Steps<number> {
    return yield* valueAt(x.map((one, i) => one + alpha * d[i]!));
  }
  const bracketed = yield* bracket(value);
  return bracketed && (yield* brent(value, bracketed, tolerance));
}

/** Three points, the middle one the lowest; from 0 and 1 on. */
function* bracket(value: Value): Steps<[Probe, Probe, Probe] | undefined> {
  function* probe(at: number): Steps<Probe> {
    return { at, value: yield* value(at) };
  }
  let a = yield* probe(0);
  let b = yield* probe(1);
  if (a.value < b.value) [a, b] = [b, a];
  let c = yield* probe(b.at + GOLD * (b.at - a.at));
  for (let step = 0; c.value < b.value; step++) {
    if (step > 1000) return undefined;
    const left = (b.at - a.at) * (b.value - c.value);
    const right = (b.at - c.at) * (b.value - a.value);
    const bend = right - left;
    const divisor = 2 * (Math.abs(bend) < TINY ? TINY : bend);
    // the parabola's minimum, no further than GROWTH times the last interval
    const w = b.at - ((b.at - c.at) * right - (b.at - a.at) * left) / divisor;
    const limit = b.at + GROWTH * (c.at - b.at);
    let next: Probe;
    if ((w - c.at) * (b.at - w) > 0) {
      next = yield* probe(w);
      if (next.value < c.value) return [b, next, c];
      if (next.value > b.value) return [a, b, next];
      next = yield* probe(c.at + GOLD * (c.at - b.at));
    } else if ((w - limit) * (limit - c.at) >= 0) {
      next = yield* probe(limit);
    } else if ((w - limit) * (c.at - w) > 0) {
      next = yield* probe(w);
      if (next.value < c.value) {
        [b, c] = [c, next];
        next = yield* probe(c.at + GOLD * (c.at - b.at));
      }
    } else {
      next = yield* probe(c.at + GOLD * (c.at - b.at));
    }
    [a, b, c] = [b, c, next];
  }
  return [a, b, c];
}

/** x is the lowest so far, w the second, v the one before w. */
function* brent(
  value: Value,
  [first, middle, last]: [Probe, Probe, Probe],
  tolerance: number,
): Steps<LineMinimum> {
  let [low, high] = first.at < last.at ? [first.at, last.at] : [last.at, first.at];
  let x = middle;
  let w = middle;
  let v = middle;
  let move = 0;
  let previous = 0;
  for (let step = 0; step < MOST_STEPS; step++) {
    const near = tolerance * Math.abs(x.at) + LEAST_TOLERANCE;
    const centre = 0.5 * (low + high);
    if (Math.abs(x.at - centre) < 2 * near - 0.5 * (high - low)) break;
    let golden = true;
    if (Math.abs(previous) > near) {
      const alongW = (x.at - w.at) * (x.value - v.value);
      let divisor = (x.at - v.at) * (x.value - w.value);
      let p = (x.at - v.at) * divisor - (x.at - w.at) * alongW;
      divisor = 2 * (divisor - alongW);
      if (divisor > 0) p = -p;
      divisor = Math.abs(divisor);
      const beforeLast = previous;
      previous = move;
      if (
        p > divisor * (low - x.at) &&
        p < divisor * (high - x.at) &&
        Math.abs(p) < Math.abs(0.5 * divisor * beforeLast)
      ) {
        golden = false;
        move = p / divisor;
        const u = x.at + move;
        if (u - low < 2 * near || high - u < 2 * near) move = centre >= x.at ? near : -near;
      }
    }
    if (golden) {
      previous = x.at >= centre ? low - x.at : high - x.at;
      move = GOLD_SECTION * previous;
    }
    const at = Math.abs(move) >= near ? x.at + move : x.at + (move >= 0 ? near : -near);
    const u: Probe = { at, value: yield* value(at) };
    if (u.value > x.value) {
      if (u.at < x.at) low = u.at;
      else high = u.at;
      if (u.value <= w.value || w.at === x.at) [v, w] = [w, u];
      else if (u.value <= v.value || v.at === x.at || v.at === w.at) v = u;
    } else {
      if (u.at >= x.at) low = x.at;
      else high = x.at;
      [v, w, x] = [w, x, u];
    }
  }
  return { alpha: x.at, value: x.value };
}

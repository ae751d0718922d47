/**
 * The line search of Moré and Thuente, which MINPACK-2, SciPy's BFGS and L-BFGS-B use: a step that satisfies the strong Wolfe
 * conditions, by cubic and quadratic interpolation within an interval that shrinks.
 *
 *   f(x + αd) ≤ f(x) + c₁ α s      |∇f(x + αd)ᵀd| ≤ c₂ |s|      s = ∇f(x)ᵀd
 *
 * Names are those of the Fortran: (stx, fx, dx) is the best step so far, (sty, fy, dy) the other end of the interval. A step
 * where f cannot be used is halved towards the best, and none is tried beyond it; the original has no such case.
 *
 * Source: Moré & Thuente 1994, ACM TOMS 20(3); MINPACK-2, dcsrch.f and dcstep.f.
 */
import type { Steps } from "../method.ts";
import { isRounding } from "../vectors.ts";
import { type Found, type Line, lookAlong, type Place } from "./line.ts";

export interface MoreThuente {
  /** The first step tried. */
  readonly first: number;
  /** ftol */
  readonly c1: number;
  /** gtol */
  readonly c2: number;
  /** The interval's relative width below which the search gives up. */
  readonly xtol?: number;
  readonly longest?: number;
  /** Most evaluations. */
  readonly trials?: number;
}

interface Interval {
  stx: number;
  fx: number;
  dx: number;
  sty: number;
  fy: number;
  dy: number;
  bracketed: boolean;
}

/** An open interval grows to this many times the last advance; MINPACK-2's xtrapl and xtrapu. */
const [GROW_LEAST, GROW_MOST] = [1.1, 4];

/**
 * A step that satisfies both conditions; when rounding or the limits prevent that, the best one that satisfies the first.
 * Undefined when there is none. The point and its gradient are in `place`.
 */
export function* moreThuente(
  line: Line,
  { first, c1, c2, xtol = 1e-14, longest = 1e10, trials = 40 }: MoreThuente,
  place: Place,
): Steps<Found | undefined> {
  const promised = c1 * line.slope; // gtest
  const at: Interval = {
    stx: 0,
    fx: line.f,
    dx: line.slope,
    sty: 0,
    fy: line.f,
    dy: line.slope,
    bracketed: false,
  };
  let width = longest;
  let widthBefore = 2 * width;
  let stp = Math.min(first, longest);
  let [stmin, stmax] = [0, stp + GROW_MOST * stp];
  let limit = longest;
  let firstStage = true;
  for (let trial = 0; trial < trials; trial++) {
    const { f, slope } = yield* lookAlong(line, stp, place);
    if (f === Number.POSITIVE_INFINITY) {
      limit = stp;
      stp = at.stx + (stp - at.stx) / 2;
      if (!(stp < limit && stp > at.stx)) break;
      stmax = Math.min(stmax, limit);
      continue;
    }
    const wanted = line.f + stp * promised; // ftest
    if (firstStage && f <= wanted && slope >= 0) firstStage = false;
    if (f <= wanted && Math.abs(slope) <= c2 * -line.slope) return { step: stp, f };
    if (f === line.f && isRounding(stp, line.d, line.x)) return undefined;
    if (at.bracketed && (stp <= stmin || stp >= stmax || stmax - stmin <= xtol * stmax)) break;
    if (stp === longest && f <= wanted && slope <= promised) return { step: stp, f };
    if (firstStage && f <= at.fx && f > wanted) {
      // until a step is good enough, interpolate f less what is promised, which has a minimum nearer by
      const { stx, sty } = at;
      const m: Interval = {
        ...at,
        fx: at.fx - stx * promised,
        dx: at.dx - promised,
        fy: at.fy - sty * promised,
        dy: at.dy - promised,
      };
      stp = interpolate(m, stp, f - stp * promised, slope - promised, stmin, stmax);
      Object.assign(at, {
        ...m,
        fx: m.fx + m.stx * promised,
        dx: m.dx + promised,
        fy: m.fy + m.sty * promised,
        dy: m.dy + promised,
      });
    } else {
      stp = interpolate(at, stp, f, slope, stmin, stmax);
    }
    const { stx, sty, bracketed } = at;
    if (bracketed) {
      if (Math.abs(sty - stx) >= 0.66 * widthBefore) stp = stx + (sty - stx) / 2;
      widthBefore = width;
      width = Math.abs(sty - stx);
      [stmin, stmax] = [Math.min(stx, sty), Math.max(stx, sty)];
    } else {
      [stmin, stmax] = [stp + GROW_LEAST * (stp - stx), stp + GROW_MOST * (stp - stx)];
    }
    stp = Math.min(stp, limit === longest ? longest : stx + 0.9 * (limit - stx));
    if (bracketed && (stp <= stmin || stp >= stmax || stmax - stmin <= xtol * stmax)) stp = stx;
    if (stp === 0) break;
  }
  if (!(at.stx > 0 && at.fx <= line.f + at.stx * promised)) return undefined;
  const { f } = yield* lookAlong(line, at.stx, place);
  return f === line.f && isRounding(at.stx, line.d, line.x) ? undefined : { step: at.stx, f };
}

/** dcstep: the next step, and the interval updated with the one that was tried. */
function interpolate(
  at: Interval,
  stp: number,
  fp: number,
  dp: number,
  stpmin: number,
  stpmax: number,
): number {
  const { stx, fx, dx, sty, fy, dy } = at;
  const opposed = dp * Math.sign(dx) < 0;
  let next: number;
  if (fp > fx) {
    // higher: a minimum lies between. The cubic's if it is nearer to stx than the quadratic's, else their middle
    const { theta, gamma } = cubic(fx, dx, fp, dp, stp - stx);
    const g = stp < stx ? -gamma : gamma;
    const r = (g - dx + theta) / (g - dx + g + dp);
    const stpc = stx + r * (stp - stx);
    const stpq = stx + (dx / ((fx - fp) / (stp - stx) + dx) / 2) * (stp - stx);
    next = Math.abs(stpc - stx) < Math.abs(stpq - stx) ? stpc : stpc + (stpq - stpc) / 2;
    at.bracketed = true;
  } else if (opposed) {
    // lower, and the slope has turned: a minimum lies between. The farther of cubic and secant
    const { theta, gamma } = cubic(fx, dx, fp, dp, stp - stx);
    const g = stp > stx ? -gamma : gamma;
    const r = (g - dp + theta) / (g - dp + g + dx);
    const stpc = stp + r * (stx - stp);
    const stpq = stp + (dp / (dp - dx)) * (stx - stp);
    next = Math.abs(stpc - stp) > Math.abs(stpq - stp) ? stpc : stpq;
    at.bracketed = true;
  } else if (Math.abs(dp) < Math.abs(dx)) {
    // lower, and the slope flattens: the cubic may have no minimum that way
    const { theta, gamma } = cubic(fx, dx, fp, dp, stp - stx);
    const g = stp > stx ? -gamma : gamma;
    const r = (g - dp + theta) / (g + (dx - dp) + g);
    const stpc = r < 0 && g !== 0 ? stp + r * (stx - stp) : stp > stx ? stpmax : stpmin;
    const stpq = stp + (dp / (dp - dx)) * (stx - stp);
    const cubicIsNearer = Math.abs(stpc - stp) < Math.abs(stpq - stp);
    if (at.bracketed) {
      next = cubicIsNearer ? stpc : stpq;
      const bound = stp + 0.66 * (sty - stp);
      next = stp > stx ? Math.min(bound, next) : Math.max(bound, next);
    } else {
      next = Math.max(stpmin, Math.min(stpmax, Math.abs(stpc - stp) > Math.abs(stpq - stp) ? stpc : stpq));
    }
  } else if (at.bracketed) {
    // lower, and the slope does not flatten: towards the other end
    const { theta, gamma } = cubic(fp, dp, fy, dy, sty - stp);
    const g = stp > sty ? -gamma : gamma;
    const r = (g - dp + theta) / (g - dp + g + dy);
    next = stp + r * (sty - stp);
  } else {
    next = stp > stx ? stpmax : stpmin;
  }
  if (fp > fx) {
    Object.assign(at, { sty: stp, fy: fp, dy: dp });
  } else {
    if (opposed) Object.assign(at, { sty: stx, fy: fx, dy: dx });
    Object.assign(at, { stx: stp, fx: fp, dx: dp });
  }
  return next;
}

/** What the minimum of the cubic through two values and slopes is computed from; scaled against overflow. */
function cubic(fa: number, da: number, fb: number, db: number, length: number) {
  const theta = (3 * (fa - fb)) / length + da + db;
  const s = Math.max(Math.abs(theta), Math.abs(da), Math.abs(db));
  const gamma = s * Math.sqrt(Math.max(0, (theta / s) ** 2 - (da / s) * (db / s)));
  return { theta, gamma };
}

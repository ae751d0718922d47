/**
 * The line search of torch.optim.LBFGS, step by step as there, for the same iterates.
 *
 *   f(x + td) ≤ f(x) + c₁ t s      |∇f(x + td)ᵀd| ≤ c₂ |s|      s = ∇f(x)ᵀd
 *
 * First the step grows until it brackets such a point, then the bracket shrinks; both by cubic interpolation. Where torch copies
 * gradients, buffers change hands. Torch goes on with NaN where f is not finite: here such a step ends the bracket, which is
 * then halved.
 *
 * Source: torch/optim/lbfgs.py 1.13, _strong_wolfe and _cubic_interpolate; after Schmidt's minFunc.
 */
import { gradientAt, type Steps } from "../method.ts";
import type { Vector } from "../objective.ts";
import { dot, maxNorm, move } from "../vectors.ts";
import type { Line } from "./line.ts";

interface Trial {
  readonly t: number;
  readonly f: number;
  readonly g: Vector;
  /** Slope along d. */
  readonly gtd: number;
}

export interface StrongWolfe {
  /** The first step tried. */
  readonly first: number;
  readonly toleranceChange: number;
}

const [C1, C2] = [1e-4, 0.9];
const MOST_TRIALS = 25;

export interface Accepted extends Trial {
  readonly evaluations: number;
}

/**
 * The step that torch takes: one that satisfies both conditions where it finds one within 25 evaluations, else the lowest end
 * of the bracket, which may be 0.
 *
 * @param g      gradient at x; handed back when the step is 0
 * @param spare  at least three more buffers; the accepted gradient is in one of them, the others are free again
 * @param into   where trial points are written
 */
export function* strongWolfe(
  { x, f, d, slope: gtd }: Line,
  { first, toleranceChange }: StrongWolfe,
  g: Vector,
  spare: readonly Vector[],
  into: Vector,
): Steps<Accepted> {
  const dNorm = maxNorm(d);
  const start: Trial = { t: 0, f, g, gtd };
  let evaluations = 0;
  function* look(t: number, ...keep: readonly Trial[]): Steps<Trial> {
    const free = spare.find((buffer) => keep.every((one) => one.g !== buffer))!;
    move(x, t, d, into);
    const value = yield* gradientAt(into, free);
    evaluations++;
    return { t, f: value, g: free, gtd: value === Number.POSITIVE_INFINITY ? Number.NaN : dot(free, d) };
  }
  const tooHigh = (one: Trial) => one.f > f + C1 * one.t * gtd;
  const flat = ({ gtd: there }: Trial) => Math.abs(there) <= -C2 * gtd;

  let last = yield* look(first);
  let before = start;
  let rounds = 0;
  let bracket: [Trial, Trial] | undefined;
  for (; rounds < MOST_TRIALS; rounds++) {
    if (tooHigh(last) || (rounds > 1 && last.f >= before.f)) {
      bracket = [before, last];
      break;
    }
    if (flat(last)) return { ...last, evaluations };
    if (last.gtd >= 0) {
      bracket = [before, last];
      break;
    }
    const t = interpolate(before, last, last.t + 0.01 * (last.t - before.t), last.t * 10);
    before = last;
    last = yield* look(t, before);
  }
  bracket ??= [start, last];

  let stuck = false;
  let [low, high] = bracket[0].f <= bracket[1].f ? [0, 1] : [1, 0];
  while (rounds < MOST_TRIALS) {
    const [a, b] = bracket;
    if (Math.abs(b.t - a.t) * dNorm < toleranceChange) break;
    const [least, most] = [Math.min(a.t, b.t), Math.max(a.t, b.t)];
    let t = interpolate(a, b, least, most);
    // too close to an end twice, or beyond it: a tenth of the bracket away from that end
    const eps = 0.1 * (most - least);
    if (Math.min(most - t, t - least) < eps) {
      if (stuck || t >= most || t <= least) {
        t = Math.abs(t - most) < Math.abs(t - least) ? most - eps : least + eps;
        stuck = false;
      } else {
        stuck = true;
      }
    } else {
      stuck = false;
    }
    const trial = yield* look(t, a, b);
    rounds++;
    if (tooHigh(trial) || trial.f >= bracket[low]!.f) {
      bracket[high] = trial;
      [low, high] = bracket[0].f <= bracket[1].f ? [0, 1] : [1, 0];
    } else {
      const done = flat(trial);
      if (!done && trial.gtd * (bracket[high]!.t - bracket[low]!.t) >= 0) bracket[high] = bracket[low]!;
      bracket[low] = trial;
      if (done) break;
    }
  }
  return { ...bracket[low]!, evaluations };
}

/** The minimum of the cubic through two values and slopes, within bounds; their middle where there is none. */
function interpolate(a: Trial, b: Trial, lowest: number, highest: number): number {
  const [x1, f1, g1, x2, f2, g2] = [a.t, a.f, a.gtd, b.t, b.f, b.gtd];
  const d1 = g1 + g2 - (3 * (f1 - f2)) / (x1 - x2);
  const square = d1 ** 2 - g1 * g2;
  if (!(square >= 0 && square < Infinity)) return (lowest + highest) / 2;
  const d2 = Math.sqrt(square);
  const at =
    x1 <= x2
      ? x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
      : x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2));
  return Math.min(Math.max(at, lowest), highest);
}

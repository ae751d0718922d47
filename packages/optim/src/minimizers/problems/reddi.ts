/**
 * Where Adam ends at the worst point: the gradient is C once in three steps and −1 otherwise, and a second moment that forgets
 * scales the one large gradient down to the size of the small ones.
 *
 *   f₀(x) = Cx,  f₁(x) = f₂(x) = −x      x ∈ [−1, 1],  C > 2;  the mean is (C − 2)x/3, least at −1
 */
import { numeric } from "../options.ts";
import { cube, family } from "./problem.ts";

export const reddi = family({
  name: "reddi",
  summary: "The convex problem on which Adam does not converge.",
  options: { C: numeric("a finite number > 2", (v) => v > 2 && v < Infinity)(3, "the large slope") },
  planar: false,
  build: ({ C }) => ({
    dimension: 1,
    value: ([x = 0]) => ((C - 2) / 3) * x,
    gradient: ([x = 0], into) => {
      into[0] = (C - 2) / 3;
      return ((C - 2) / 3) * x;
    },
    components: {
      count: 3,
      gradient: (indices, [x = 0], into) => {
        const slopes = Array.from(indices, (i): number => (i === 0 ? C : -1));
        into[0] = slopes.reduce((sum, slope) => sum + slope, 0) / slopes.length;
        return into[0] * x;
      },
    },
    // the box as a nonsmooth part: 0 inside, ∞ outside, and its proximal map is the nearest point
    nonsmooth: {
      value: ([x = 0]) => (Math.abs(x) <= 1 ? 0 : Number.POSITIVE_INFINITY),
      prox: ([x = 0], _, into) => {
        into[0] = Math.min(1, Math.max(-1, x));
      },
    },
    bounds: cube(1, -1, 1),
    formula: `(${C}x − x − x)/3 on [−1, 1]`,
    latex: String.raw`\tfrac{1}{3} (${C} x - x - x),\ x \in [-1, 1]`,
    start: Float64Array.of(0),
    minima: [Float64Array.of(-1)],
    least: -(C - 2) / 3,
    source: "Reddi, Kale & Kumar, ICLR 2018, arXiv:1904.09237, Theorem 1",
  }),
});

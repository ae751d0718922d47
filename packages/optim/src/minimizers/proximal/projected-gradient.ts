/**
 * Spectral projected gradient: where the projected step would end, or nearer if that is higher than the last ten values.
 *
 *   d = P(x − s∇f(x)) − x,   x ← x + t d,   s = ΔxᵀΔx / ΔxᵀΔ∇f
 *
 * The spectral step s follows the curvature along the last step, which takes it far beyond the safe 1/L at times; not insisting on
 * descent at each step is what lets it. Along d the whole segment is inside a convex set, so that a step costs one projection.
 * For a g that is no set's, P is its proximal step, and what the step promises is Δ = ∇fᵀd + g(x + d) − g(x), which is ∇fᵀd
 * inside a set: as g is convex, F falls by tΔ along the segment, to first order.
 *
 * Source  Birgin, Martínez & Raydan, SIAM J. Optimization 10 (2000) 1196–1211, algorithm SPG2; Δ from Tseng & Yun, Mathematical
 *         Programming 117 (2009), eq. 7; Wright, Nowak & Figueiredo's SpaRSA, IEEE Trans. Signal Processing 57 (2009), is the same idea.
 */
import { brief } from "../brief.ts";
import { finished, gradientAt, method, valueAt } from "../method.ts";
import { count, fraction, positive } from "../options.ts";
import { distance } from "../vectors.ts";
import { proximalStep } from "./composite.ts";

export const projectedGradient = method({
  name: "projected-gradient",
  family: "proximal",
  summary: "Projected or proximal gradient descent with spectral steps and a nonmonotone line search (SPG).",
  source: "Birgin, Martínez & Raydan, SIAM J. Optimization 10 (2000), SPG2",
  needs: ["gradient", "prox"],
  options: {
    memory: count(10, "values that the next one may rise to"),
    sufficient: fraction(1e-4, "share of the predicted decrease that a step must reach"),
    least: positive(1e-30, "shortest spectral step"),
    most: positive(1e30, "longest spectral step"),
  },
  *run({ start: x, dimension: n, nonsmooth }, { memory, sufficient, least, most }) {
    const g = nonsmooth!;
    const gradient = new Float64Array(n);
    const nextGradient = new Float64Array(n);
    const d = new Float64Array(n);
    const next = new Float64Array(n);
    const clamp = (s: number) => Math.min(most, Math.max(least, s));
    /** The direction to P(x − s∇f), the change Δ that it promises and its largest entry. */
    const direct = (s: number) => {
      proximalStep(g, x, gradient, s, d);
      let slope = g.value(d) - g.value(x);
      let size = 0;
      for (let i = 0; i < n; i++) {
        d[i]! -= x[i]!;
        slope += gradient[i]! * d[i]!;
        size = Math.max(size, Math.abs(d[i]!));
      }
      return { slope, size };
    };

    g.prox(x, 1, x);
    let value = (yield* gradientAt(x, gradient)) + g.value(x);
    const recent = [value];
    const { size: first } = direct(1);
    yield* finished({ point: x, value, gradientNorm: first });
    for (let s = clamp(1 / first); ; ) {
      const { slope } = direct(s);
      if (!(slope < 0)) {
        return { reason: "no descent", detail: `the projected step promises a change of ${brief(slope)}` };
      }
      let t = 1;
      const bar = Math.max(...recent);
      for (;;) {
        for (let i = 0; i < n; i++) next[i] = x[i]! + t * d[i]!;
        const trial = yield* valueAt(next);
        if (trial <= bar + sufficient * t * slope) break;
        // the least point of the parabola through value, slope and trial, kept within a tenth and nine tenths of t
        const parabola = (-0.5 * t * t * slope) / (trial - value - t * slope);
        t = parabola >= 0.1 && parabola <= 0.9 * t ? parabola : t / 2;
        if (t < 1e-16) return { reason: "no descent", detail: "the line search found nothing lower" };
      }
      const stepLength = distance(x, next);
      value = (yield* gradientAt(next, nextGradient)) + g.value(next);
      let xx = 0;
      let xg = 0;
      for (let i = 0; i < n; i++) {
        const dx = next[i]! - x[i]!;
        xx += dx * dx;
        xg += dx * (nextGradient[i]! - gradient[i]!);
      }
      x.set(next);
      gradient.set(nextGradient);
      recent.push(value);
      if (recent.length > memory) recent.shift();
      s = xg > 0 ? clamp(xx / xg) : most;
      yield* finished({ point: x, value, gradientNorm: direct(1).size, stepLength });
    }
  },
});

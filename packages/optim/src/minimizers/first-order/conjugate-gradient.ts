/** Nonlinear conjugate gradients: descent that does not undo what it has done, in the memory of four vectors. */
import { moreThuente } from "../line-search/more-thuente.ts";
import { checkWolfe, firstStep } from "../line-search/wolfe.ts";
import { finished, gradientAt, method } from "../method.ts";
import type { Vector } from "../objective.ts";
import { fraction, oneOf } from "../options.ts";
import { Standstill } from "../standstill.ts";
import { dot, maxNorm, norm } from "../vectors.ts";

/**
 *   d ← −g + β d      x ← x + αd, α by Moré and Thuente
 *
 *   polak-ribiere     β = max(0, g⁺ᵀ(g⁺ − g) / gᵀg)
 *   fletcher-reeves   β = g⁺ᵀg⁺ / gᵀg
 *
 * On a quadratic with exact searches it ends within n steps. It begins anew, with d = −g, when d does not lead down enough
 * (gᵀd ≤ −0.01 gᵀg), and fletcher-reeves every n steps, without which it can go on by tiny steps for long.
 *
 * Source  Fletcher & Reeves 1964; Polak & Ribière 1969; Gilbert & Nocedal 1992; Nocedal & Wright, Algorithm 5.4.
 */
export const conjugateGradient = method({
  name: "conjugate-gradient",
  family: "first-order",
  summary:
    "Combines each gradient with the last direction: n steps on a quadratic, in the memory of four vectors.",
  source: "Fletcher & Reeves 1964; Polak & Ribière 1969; Gilbert & Nocedal 1992, SIAM J. Optimization 2",
  needs: ["gradient"],
  options: {
    beta: oneOf(["polak-ribiere", "fletcher-reeves"], "how much of the last direction is kept"),
    c1: fraction(1e-4, "share of the decrease promised by the slope that is asked for"),
    c2: fraction(
      0.01,
      "share of the slope that may be left, more than c1 and less than ½; small, or directions mix",
    ),
  },
  check: (_, values) => checkWolfe("conjugate-gradient", values),
  *run({ start, dimension: n }, { beta, c1, c2 }) {
    let x = start;
    let g: Vector = new Float64Array(n);
    let place = { x: new Float64Array(n) as Vector, g: new Float64Array(n) as Vector };
    const d = new Float64Array(n);
    const standstill = new Standstill();
    let f = yield* gradientAt(x, g);
    yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: 0 });
    let before = f + norm(g) / 2; // so that the first step has about length 1
    for (let i = 0; i < n; i++) d[i] = -g[i]!;
    let steepest = true;
    let sinceRestart = 0;
    for (;;) {
      const slope = dot(g, d);
      const first = firstStep(f, before, slope);
      const found = yield* moreThuente({ x, f, d, slope }, { first, c1, c2, longest: 1e100 }, place);
      if (found === undefined) {
        if (steepest)
          return { reason: "no descent", detail: "no step down the gradient lowers the value enough" };
        for (let i = 0; i < n; i++) d[i] = -g[i]!;
        steepest = true;
        continue;
      }
      const gg = dot(g, g);
      const overlap = beta === "polak-ribiere" ? dot(place.g, g) : 0;
      [x, place, g] = [place.x, { x, g }, place.g];
      before = f;
      f = found.f;
      yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: found.step * norm(d) });
      const still = standstill.at(f);
      if (still !== undefined) return still;
      const now = dot(g, g);
      sinceRestart++;
      const kept = beta === "fletcher-reeves" && sinceRestart >= n ? 0 : Math.max(0, (now - overlap) / gg);
      for (let i = 0; i < n; i++) d[i] = -g[i]! + kept * d[i]!;
      steepest = kept === 0;
      if (!(dot(g, d) <= -0.01 * now)) {
        for (let i = 0; i < n; i++) d[i] = -g[i]!;
        steepest = true;
      }
      if (steepest) sinceRestart = 0;
    }
  },
});

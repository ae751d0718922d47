/**
 * Powell's conjugate directions: minimize along n directions in turn, then replace the one along which f fell most by the way gone as a
 * whole. On a quadratic n rounds make the directions conjugate, without a gradient.
 *
 * Sources  Powell, The Computer Journal 7 (1964) 155–162; Press et al., Numerical Recipes, §10.5; SciPy 1.10, `_minimize_powell`.
 */
import { brief } from "../brief.ts";
import { finished, method, type Steps, valueAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { positive } from "../options.ts";
import { distance } from "../vectors.ts";
import { minimizeAlong } from "./brent.ts";

export const powell = method({
  name: "powell",
  family: "zero-order",
  summary: "Line minimizations along directions that become conjugate; SciPy's.",
  source: "Powell, The Computer Journal 7 (1964); Numerical Recipes, §10.5; SciPy 1.10",
  needs: [],
  options: {
    pointTolerance: positive(1e-4, "accuracy of points; that of a line search is a hundred times as large"),
    valueTolerance: positive(1e-4, "relative fall of a round at which to end"),
  },
  *run({ start, dimension: n }, { pointTolerance, valueTolerance }) {
    let x = start;
    let value = yield* valueAt(x);
    yield* finished({ point: x, value });
    const directions: Vector[] = Array.from({ length: n }, (_, i) => {
      const e = new Float64Array(n);
      e[i] = 1;
      return e;
    });
    /** Go to the minimum along d, and give back the way there; undefined where there is none. */
    function* along(d: Vector): Steps<Vector | undefined> {
      if (d.every((one) => one === 0)) return d;
      const least = yield* minimizeAlong(x, d, 100 * pointTolerance);
      if (least === undefined) return undefined;
      const way = d.map((one) => least.alpha * one);
      x = x.map((one, i) => one + way[i]!);
      value = least.value;
      return way;
    }

    for (let base = x; ; ) {
      const atStart = value;
      let most = { fall: 0, of: 0 };
      for (const [i, d] of directions.entries()) {
        const before = value;
        if ((yield* along(d)) === undefined) return endless;
        if (before - value > most.fall) most = { fall: before - value, of: i };
      }
      const stepLength = distance(x, base);
      yield* finished({ point: x, value, stepLength });
      if (2 * (atStart - value) <= valueTolerance * (Math.abs(atStart) + Math.abs(value)) + 1e-20) {
        return { reason: "change below tolerance", detail: `a round lowered f by ${brief(atStart - value)}` };
      }
      const whole = x.map((one, i) => one - base[i]!);
      base = x;
      const further = yield* valueAt(x.map((one, i) => one + whole[i]!));
      if (!(atStart > further)) continue;
      // whether f still falls that way, and not because of one direction alone
      const bend = 2 * (atStart + further - 2 * value) * (atStart - value - most.fall) ** 2;
      if (bend >= most.fall * (atStart - further) ** 2) continue;
      const way = yield* along(whole);
      if (way === undefined) return endless;
      if (way.every((one) => one === 0)) continue;
      directions[most.of] = directions[n - 1]!;
      directions[n - 1] = way;
    }
  },
});

const endless = { reason: "unbounded below", detail: "a line falls without end" } as const;

/**
 * Gradient descent on gradients that are estimated from values.
 *
 *   x ← x − h g,   h = 1/(4 (n + 4) L) for one Gaussian direction, in general 1/(4 L (1 + (n + 3)/k))
 *
 * With L known this is Nesterov and Spokoiny's scheme, n times slower than gradient descent. Without (lipschitz = 0) the step follows success: a step
 * that lowers the value is taken and the next is longer, another is not and the next is much shorter, in the ratio of the one-fifth rule.
 *
 * Source  Nesterov & Spokoiny, Found. Comput. Math. 17 (2017), eq. 55 and theorem 8; Rechenberg 1973 (one fifth).
 */
import { brief } from "../brief.ts";
import { finished, method, valueAt } from "../method.ts";
import { count, flag, nonNegative, oneOf, positive } from "../options.ts";
import { distance, move } from "../vectors.ts";
import { estimateGradient } from "./gradient-estimate.ts";

/** After a success h · e^0.8, after a failure h · e^−0.2: at one success in five the two cancel. */
const LONGER = Math.exp(0.8);
const SHORTER = Math.exp(-0.2);

export const zeroOrderDescent = method({
  name: "zero-order-descent",
  family: "zero-order",
  summary: "Gradient descent on gradients estimated from values along random directions.",
  source: "Nesterov & Spokoiny, Found. Comput. Math. 17 (2017) 527–566",
  needs: [],
  options: {
    directions: oneOf(["gaussian", "sphere", "coordinates"], "what the directions are drawn from"),
    count: count(1, "directions per step"),
    radius: positive(1e-6, "μ: how far along a direction f is evaluated"),
    twoSided: flag(true, "on both sides of the point"),
    lipschitz: nonNegative(0, "L of the gradient, for steps of fixed length; 0 adapts them to success"),
    first: positive(1, "the first step where it is adapted, as a multiple of the estimate, over n"),
    tolerance: positive(1e-14, "the length of a step that ends the run where steps are adapted"),
  },
  check({ dimension }, { directions, count }) {
    if (directions !== "coordinates" || count <= dimension) return;
    throw new RangeError(
      `Cannot use zero-order-descent as count must be at most the dimension, ${dimension}, with directions along coordinates: current value is ${count}`,
    );
  },
  *run({ start: x, dimension: n, random }, { lipschitz, first, tolerance, ...estimate }) {
    const g = new Float64Array(n);
    const next = new Float64Array(n);
    const spread = 1 + (n + 3) / estimate.count;
    let h = lipschitz > 0 ? 1 / (4 * lipschitz * spread) : first / n;
    let stepLength: number | undefined;
    for (let iteration = 0; ; iteration++) {
      const directions = random("directions", iteration);
      const value = yield* estimateGradient(x, estimate, directions, g);
      yield* finished({ point: x, value, ...(stepLength === undefined ? {} : { stepLength }) });
      move(x, -h, g, next);
      stepLength = distance(x, next);
      if (lipschitz > 0) {
        x.set(next);
        continue;
      }
      const reached = yield* valueAt(next);
      if (reached < value) {
        x.set(next);
        h *= LONGER;
      } else {
        h *= SHORTER;
        if (stepLength < tolerance) {
          return { reason: "step below tolerance", detail: `the last step was ${brief(stepLength)} long` };
        }
      }
    }
  },
});

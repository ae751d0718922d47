/**
 * Simultaneous perturbation stochastic approximation: all coordinates are shaken at once, by ±c, and two values give a step.
 *
 *   ĝᵢ = (f(x + c_k Δ) − f(x − c_k Δ)) / (2 c_k Δᵢ),   Δᵢ = ±1,   x ← x − a_k ĝ
 *   a_k = a/(A + k + 1)^α,   c_k = c/(k + 1)^γ
 *
 * Meant for values with noise, of whose deviation c should be; the gains fall slowly enough to average it out. `a` is set so
 * that the first steps change coordinates by about `first`, from a few estimates at the start, as Spall advises.
 *
 * Source   Spall, IEEE Trans. Aerospace and Electronic Systems 34 (1998) 817–823, §III: α = 0.602, γ = 0.101, A a tenth of the iterations.
 * Differs  f(x) is evaluated too, in the same batch, so that the best point is known: three values per step, of which two steer.
 */
import type { Stream } from "@thalweg/random";
import { finished, method, valuesAt } from "../method.ts";
import type { Vector } from "../objective.ts";
import { count, nonNegative, positive } from "../options.ts";
import { distance, move } from "../vectors.ts";

const shake = (n: number, random: Stream): Vector =>
  Float64Array.from({ length: n }, () => (random.bernoulli(0.5) ? 1 : -1));

/** x, x + cΔ, x − cΔ. */
const around = (x: Vector, delta: Vector, c: number): Vector[] => {
  const [up, down] = [new Float64Array(x.length), new Float64Array(x.length)];
  move(x, c, delta, up);
  move(x, -c, delta, down);
  return [x, up, down];
};

export const spsa = method({
  name: "spsa",
  family: "zero-order",
  summary: "Shakes all coordinates at once and steps by two values, with gains that fall; for noisy values.",
  source: "Spall, IEEE Trans. Aerospace and Electronic Systems 34 (1998) 817–823",
  needs: [],
  options: {
    first: positive(0.1, "how far the first steps go in each coordinate"),
    c: positive(1e-2, "the first perturbation: the deviation of the noise, or small where there is none"),
    A: nonNegative(100, "a tenth of the iterations that are expected"),
    alpha: positive(0.602, "exponent with which steps fall"),
    gamma: positive(0.101, "exponent with which perturbations fall"),
    calibration: count(5, "estimates at the start that set the size of steps"),
  },
  *run({ start: x, dimension: n, random }, { first, c, A, alpha, gamma, calibration }) {
    const deltas = Array.from({ length: calibration }, (_, i) => shake(n, random("calibration", i)));
    const values = yield* valuesAt([x, ...deltas.flatMap((delta) => around(x, delta, c).slice(1))]);
    yield* finished({ point: x, value: values[0]! });
    const size =
      deltas.reduce((sum, _, i) => sum + Math.abs(values[1 + 2 * i]! - values[2 + 2 * i]!), 0) /
      (2 * c * calibration);
    const a = (first * (A + 1) ** alpha) / (size > 0 && Number.isFinite(size) ? size : 1);

    const before = x.slice();
    for (let k = 0; ; k++) {
      const ck = c / (k + 1) ** gamma;
      const ak = a / (A + k + 1) ** alpha;
      const delta = shake(n, random("perturbation", k));
      const [value, up, down] = yield* valuesAt(around(x, delta, ck));
      if (value === Number.POSITIVE_INFINITY && !x.every((one, i) => one === before[i])) {
        x.set(before); // the step has left the domain of f
        continue;
      }
      if (k > 0) yield* finished({ point: x, value: value!, stepLength: distance(x, before) });
      before.set(x);
      const step = (ak * (up! - down!)) / (2 * ck);
      if (!Number.isFinite(step)) continue; // one of the two is outside: shake otherwise
      for (let i = 0; i < n; i++) x[i]! -= step * delta[i]!; // 1/Δᵢ = Δᵢ
    }
  },
});

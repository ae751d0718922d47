/**
 * BFGS and DFP: a dense approximation H of the inverse Hessian, which learns from each step s and change y of the gradient.
 *
 *   d = −Hg      H⁺y = s      ρ = 1/yᵀs
 *   BFGS  H⁺ = (I − ρsyᵀ) H (I − ρysᵀ) + ρssᵀ
 *   DFP   H⁺ = H − Hyyᵀ H/(yᵀHy) + ρssᵀ
 *
 * H begins as I and is kept as a whole, n² numbers: for more than a few hundred dimensions there is L-BFGS.
 */
import { moreThuente } from "../line-search/more-thuente.ts";
import { checkWolfe, firstStep } from "../line-search/wolfe.ts";
import { finished, gradientAt, method, type Steps, type Stop } from "../method.ts";
import type { Vector } from "../objective.ts";
import { fraction } from "../options.ts";
import { Standstill } from "../standstill.ts";
import { dot, maxNorm, norm, subtract } from "../vectors.ts";
import { checkDense } from "./dense.ts";

/** Writes H⁺ over H, given Hy and the scalars yᵀs and yᵀHy. */
type Update = (H: Vector, s: Vector, Hy: Vector, ys: number, yHy: number) => void;

/** The product multiplied out: H⁺ = H − ρ(s(Hy)ᵀ + (Hy)sᵀ) + ρ(1 + ρ yᵀHy) ssᵀ */
const bfgsUpdate: Update = (H, s, Hy, ys, yHy) => {
  const n = s.length;
  const rho = 1 / ys;
  const c = rho * (1 + rho * yHy);
  for (let i = 0; i < n; i++) {
    const [a, b] = [c * s[i]! - rho * Hy[i]!, -rho * s[i]!];
    for (let j = 0; j < n; j++) H[i * n + j]! += a * s[j]! + b * Hy[j]!;
  }
};

const dfpUpdate: Update = (H, s, Hy, ys, yHy) => {
  const n = s.length;
  for (let i = 0; i < n; i++) {
    const [a, b] = [s[i]! / ys, -Hy[i]! / yHy];
    for (let j = 0; j < n; j++) H[i * n + j]! += a * s[j]! + b * Hy[j]!;
  }
};

/** out ← A·v for a square A, row-major. */
function multiply(A: Vector, v: Vector, out: Vector): void {
  const n = v.length;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += A[i * n + j]! * v[j]!;
    out[i] = sum;
  }
}

function setToIdentity(H: Vector, n: number): void {
  H.fill(0);
  for (let i = 0; i < n; i++) H[i * n + i] = 1;
}

function* quasiNewton(start: Vector, update: Update, { c1, c2 }: { c1: number; c2: number }): Steps<Stop> {
  const n = start.length;
  const H = new Float64Array(n * n);
  setToIdentity(H, n);
  let fresh = true;
  const standstill = new Standstill();
  const [d, s, y, Hy] = [0, 1, 2, 3].map(() => new Float64Array(n)) as [Vector, Vector, Vector, Vector];
  let x = start;
  let g: Vector = new Float64Array(n);
  let place = { x: new Float64Array(n) as Vector, g: new Float64Array(n) as Vector };
  let f = yield* gradientAt(x, g);
  yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: 0 });
  let before = f + norm(g) / 2; // so that the first step has about length 1
  for (;;) {
    multiply(H, g, d);
    for (let i = 0; i < n; i++) d[i] = -d[i]!;
    const slope = dot(g, d);
    const found =
      slope < 0
        ? yield* moreThuente(
            { x, f, d, slope },
            { first: firstStep(f, before, slope), c1, c2, longest: 1e100 },
            place,
          )
        : undefined;
    if (found === undefined) {
      if (fresh) return { reason: "no descent", detail: "no step down the gradient lowers the value enough" };
      setToIdentity(H, n);
      fresh = true;
      continue;
    }
    subtract(place.x, x, s);
    subtract(place.g, g, y);
    [x, place, g] = [place.x, { x, g }, place.g];
    before = f;
    f = found.f;
    yield* finished({ point: x, value: f, gradientNorm: maxNorm(g), stepLength: norm(s) });
    const still = standstill.at(f);
    if (still !== undefined) return still;
    const ys = dot(y, s);
    if (ys > 0) {
      multiply(H, y, Hy);
      update(H, s, Hy, ys, dot(y, Hy));
      fresh = false;
    }
  }
}

const OPTIONS = {
  c1: fraction(1e-4, "share of the decrease promised by the slope that is asked for"),
  c2: fraction(0.9, "share of the slope that may be left, more than c1"),
};

/**
 * Source       Broyden, Fletcher, Goldfarb, Shanno 1970; Nocedal & Wright, Numerical Optimization, Algorithm 6.1.
 * Accuracy     the iterates of scipy.optimize.minimize(method="BFGS") 1.10.
 * Differs      where no step is found, H is forgotten once before giving up.
 */
export const bfgs = method({
  name: "bfgs",
  family: "second-order",
  summary: "Learns the inverse Hessian from changes of the gradient: superlinear, in memory n².",
  source: "Broyden, Fletcher, Goldfarb, Shanno 1970; Nocedal & Wright, Numerical Optimization, Algorithm 6.1",
  needs: ["gradient"],
  options: OPTIONS,
  check: ({ dimension: n }, values) => {
    checkWolfe("bfgs", values);
    checkDense("bfgs", n * n, n, "lbfgs");
  },
  run: ({ start }, values) => quasiNewton(start, bfgsUpdate, values),
});

/** The update that BFGS is the dual of; slower to forget a wrong curvature. */
export const dfp = method({
  name: "dfp",
  family: "second-order",
  summary: "The first quasi-Newton method: as bfgs, but slower to forget a wrong curvature.",
  source: "Davidon 1959; Fletcher & Powell 1963; Nocedal & Wright, Numerical Optimization, equation 6.15",
  needs: ["gradient"],
  options: { ...OPTIONS, c2: fraction(0.1, "share of the slope that may be left, more than c1") },
  check: ({ dimension: n }, values) => {
    checkWolfe("dfp", values);
    checkDense("dfp", n * n, n, "lbfgs");
  },
  run: ({ start }, values) => quasiNewton(start, dfpUpdate, values),
});

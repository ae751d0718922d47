/** Regressions on drawn data: finite sums, least squares, and the lasso as a smooth part and a nonsmooth one. */
import { type Stream, stream } from "@thalweg/random";
import { cholesky, solveCholesky } from "../cholesky.ts";
import type { Vector } from "../objective.ts";
import { atLeast, count, countOrZero, nonNegative, positive } from "../options.ts";
import { add, dot, maxNorm, norm } from "../vectors.ts";
import { cube, family, withHessian } from "./problem.ts";

/** m rows of n numbers, row-major. */
interface Table {
  readonly m: number;
  readonly n: number;
  readonly data: Vector;
}

const rowOf = ({ n, data }: Table, i: number) => data.subarray(i * n, (i + 1) * n);

function drawTable(random: Stream, m: number, n: number, scaleOf: (column: number) => number): Table {
  return { m, n, data: Float64Array.from({ length: m * n }, (_, k) => scaleOf(k % n) * random.normal()) };
}

/** ⟨row i, x⟩ */
function along({ n, data }: Table, i: number, x: Vector): number {
  let sum = 0;
  for (let j = 0; j < n; j++) sum += data[i * n + j]! * x[j]!;
  return sum;
}

/** into ← scale · Σ wᵢ aᵢaᵢᵀ */
function weightedGram(A: Table, weight: (i: number) => number, scale: number, into: Vector): void {
  const { m, n } = A;
  into.fill(0);
  for (let i = 0; i < m; i++) {
    const row = rowOf(A, i);
    const w = scale * weight(i);
    for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) into[j * n + k]! += w * row[j]! * row[k]!;
  }
}

/** into ← scale · Σ wᵢ aᵢ(aᵢᵀv) */
function weightedProduct(
  A: Table,
  weight: (i: number) => number,
  scale: number,
  v: Vector,
  into: Vector,
): void {
  into.fill(0);
  for (let i = 0; i < A.m; i++) add(into, scale * weight(i) * along(A, i, v), rowOf(A, i));
}

const one = () => 1;

/** Noise that no combination of columns explains: so that the coefficients which were drawn stay the least-squares solution. */
function unexplained(noise: Vector, A: Table): Vector {
  const { m, n } = A;
  const basis: Vector[] = [];
  const reject = (v: Vector) => {
    for (const q of [...basis, ...basis]) add(v, -dot(q, v), q); // twice is enough (Kahan, Parlett)
    return v;
  };
  for (let j = 0; j < n; j++) {
    const q = reject(Float64Array.from({ length: m }, (_, i) => A.data[i * n + j]!));
    const length = norm(q);
    basis.push(q.map((x) => x / length));
  }
  return reject(noise);
}

/**
 *   f(x) = (1/2m) ‖Ax − b‖² = (1/m) Σ ½(aᵢᵀx − bᵢ)²
 *
 * Columns are scaled so that the Hessian's condition number is near κ.
 */
export const linearRegression = family({
  name: "linear-regression",
  summary: "Least squares on drawn data, with a solution that is known: a finite sum.",
  options: {
    rows: count(200, "m, the number of observations; more than n"),
    n: count(10, "the number of coefficients"),
    kappa: atLeast(1)(10, "about the condition number"),
    noise: nonNegative(0.1, "standard deviation of what is added to Ax"),
    seed: countOrZero(0, "of the data"),
  },
  planar: false,
  build: ({ rows: m, n, kappa, noise, seed }) => {
    if (!(m > n)) {
      throw new RangeError(
        `Cannot build linear-regression as rows must be more than n = ${n}: current value is ${m}`,
      );
    }
    const random = stream(seed, "problem linear-regression");
    const A = drawTable(random, m, n, (j) => (n === 1 ? 1 : kappa ** (-j / (2 * (n - 1)))));
    const truth = Float64Array.from({ length: n }, () => random.normal());
    const e = unexplained(
      Float64Array.from({ length: m }, () => noise * random.normal()),
      A,
    );
    const b = e.map((missing, i) => along(A, i, truth) + missing);
    const value = (x: Vector) => {
      let sum = 0;
      for (let i = 0; i < m; i++) sum += (along(A, i, x) - b[i]!) ** 2;
      return sum / (2 * m);
    };
    const mean = (indices: ArrayLike<number>, x: Vector, into: Vector) => {
      into.fill(0);
      let sum = 0;
      const { length } = indices;
      for (let k = 0; k < length; k++) {
        const i = indices[k]!;
        const r = along(A, i, x) - b[i]!;
        sum += r * r;
        add(into, r / length, rowOf(A, i));
      }
      return sum / (2 * length);
    };
    const everything = Uint32Array.from({ length: m }, (_, i) => i);
    return {
      ...withHessian({
        dimension: n,
        value,
        gradient: (x, into) => mean(everything, x, into),
        hessian: (_, into) => weightedGram(A, one, 1 / m, into),
        product: (_, v, into) => weightedProduct(A, one, 1 / m, v, into),
        components: { count: m, gradient: mean },
        residuals: {
          count: m,
          evaluate: (x, r, J) => {
            const c = 1 / Math.sqrt(m);
            for (let i = 0; i < m; i++) r[i] = c * (along(A, i, x) - b[i]!);
            for (let k = 0; k < J.length; k++) J[k] = c * A.data[k]!;
          },
        },
        bounds: cube(n, -5, 5),
      }),
      formula: "(1/2m)‖Ax − b‖²",
      latex: String.raw`\tfrac{1}{2m} \|A x - b\|_2^2`,
      start: new Float64Array(n),
      minima: [truth],
      least: dot(e, e) / (2 * m),
      source: "the course, S3; Legendre 1805",
    };
  },
});

/**
 *   f(x) = (1/m) Σ log(1 + exp(−yᵢaᵢᵀx)) + (μ/2)‖x‖²
 *
 * The minimum is found by Newton's method when the problem is built; the gradient there says that it is one, since f is
 * strongly convex: f(x) − f* ≤ ‖∇f(x)‖²/(2μ).
 */
export const logisticRegression = family({
  name: "logistic-regression",
  summary: "Strongly convex logistic regression on drawn data: the finite sum of the course.",
  options: {
    rows: count(200, "m, the number of observations"),
    n: count(10, "the number of coefficients"),
    mu: positive(1, "μ, the strength of the L2 term, and of convexity"),
    seed: countOrZero(0, "of the data"),
  },
  planar: false,
  build: ({ rows: m, n, mu, seed }) => {
    const random = stream(seed, "problem logistic-regression");
    const A = drawTable(random, m, n, one);
    const truth = Float64Array.from({ length: n }, () => random.normal());
    // labels of a logistic model with these coefficients, folded into the rows
    for (let i = 0; i < m; i++) {
      const label = random.uniform() < 1 / (1 + Math.exp(-along(A, i, truth))) ? 1 : -1;
      const row = rowOf(A, i);
      for (let j = 0; j < n; j++) row[j]! *= label;
    }
    /** log(1 + e^(−t)), without overflow. */
    const loss = (t: number) => Math.log1p(Math.exp(-Math.abs(t))) + Math.max(-t, 0);
    /** σ(−t) = 1/(1 + eᵗ) */
    const wrong = (t: number) => 1 / (1 + Math.exp(t));
    const mean = (indices: ArrayLike<number>, x: Vector, into: Vector) => {
      for (let j = 0; j < n; j++) into[j] = mu * x[j]!;
      let sum = 0;
      const { length } = indices;
      for (let k = 0; k < length; k++) {
        const i = indices[k]!;
        const t = along(A, i, x);
        sum += loss(t);
        add(into, -wrong(t) / length, rowOf(A, i)); // d log(1 + e^(−t)) = −σ(−t) dt
      }
      return sum / length + (mu / 2) * dot(x, x);
    };
    const everything = Uint32Array.from({ length: m }, (_, i) => i);
    const spare = new Float64Array(n);
    const value = (x: Vector) => mean(everything, x, spare);
    /** σ(t)σ(−t) */
    const weights = (x: Vector) => (i: number) => {
      const w = wrong(along(A, i, x));
      return w * (1 - w);
    };
    const functions = {
      dimension: n,
      value,
      gradient: (x: Vector, into: Vector) => mean(everything, x, into),
      hessian: (x: Vector, into: Vector) => {
        weightedGram(A, weights(x), 1 / m, into);
        for (let j = 0; j < n; j++) into[j * n + j]! += mu;
      },
      product: (x: Vector, v: Vector, into: Vector) => {
        weightedProduct(A, weights(x), 1 / m, v, into);
        add(into, mu, v);
      },
    };
    const minimum = polish(functions, n);
    return {
      ...functions,
      components: { count: m, gradient: mean },
      bounds: cube(n, -5, 5),
      formula: "(1/m) Σ log(1 + exp(−yᵢaᵢᵀx)) + (μ/2)‖x‖²",
      latex: String.raw`\tfrac{1}{m} \sum_i \log\left(1 + e^{-y_i a_i^\top x}\right) + \tfrac{\mu}{2} \|x\|_2^2`,
      start: new Float64Array(n),
      minima: [minimum],
      least: value(minimum),
      source: "the course, S3 (m = 200, n = 10, μ = 1); Cox 1958",
    };
  },
});

interface Smooth {
  gradient: (x: Vector, into: Vector) => number;
  hessian: (x: Vector, into: Vector) => void;
}

/**
 * The minimum of a strongly convex function by Newton's method from 0. A step is halved until the gradient shrinks; it ends
 * where none does, which is where rounding does.
 */
function polish({ gradient, hessian }: Smooth, n: number): Vector {
  const x = new Float64Array(n);
  const [H, L] = [new Float64Array(n * n), new Float64Array(n * n)];
  const g = new Float64Array(n);
  const next = new Float64Array(n);
  const there = new Float64Array(n);
  gradient(x, g);
  for (;;) {
    hessian(x, H);
    cholesky(H, n, 0, L);
    const d = g.slice();
    solveCholesky(L, n, d);
    let step = 1;
    do {
      next.set(x);
      add(next, -step, d);
      gradient(next, there);
      step /= 2;
    } while (!(maxNorm(there) < maxNorm(g)) && step > Number.EPSILON);
    if (!(maxNorm(there) < maxNorm(g))) return x;
    x.set(next);
    g.set(there);
  }
}

/**
 *   F(x) = ½‖Ax − b‖² + λ‖x‖₁
 *
 * Drawn backwards from its solution: with y = b − Ax* chosen first, columns are scaled until Aᵀy is λ·sign(x*) where x* is
 * not zero, and less than λ elsewhere, which is what makes x* the minimum.
 *
 * Source: Nesterov 2013, Gradient methods for minimizing composite functions, Mathematical Programming 140, section 6.
 */
export const lasso = family({
  name: "lasso",
  summary: "Least squares with an L1 term: most coefficients of the solution are exactly zero.",
  options: {
    rows: count(100, "m, the number of observations"),
    n: count(400, "the number of coefficients"),
    support: count(20, "how many coefficients of the solution are not zero"),
    lambda: positive(1, "λ, the strength of the L1 term"),
    seed: countOrZero(0, "of the data"),
  },
  planar: false,
  build: ({ rows: m, n, support, lambda, seed }) => {
    if (!(support <= n && support <= m)) {
      throw new RangeError(
        `Cannot build lasso as support must be at most rows = ${m} and n = ${n}: current value is ${support}`,
      );
    }
    const random = stream(seed, "problem lasso");
    const A = drawTable(random, m, n, one);
    const y = Float64Array.from({ length: m }, () => random.normal());
    const pull = new Float64Array(n);
    for (let i = 0; i < m; i++) add(pull, y[i]!, rowOf(A, i)); // Aᵀy before scaling
    const order = Array.from(pull.keys()).sort((i, j) => Math.abs(pull[j]!) - Math.abs(pull[i]!));
    const solution = new Float64Array(n);
    order.forEach((j, rank) => {
      const wanted = rank < support ? lambda : lambda * Math.min(0.9 * random.uniform(), Math.abs(pull[j]!));
      const scale = wanted / Math.abs(pull[j]!);
      for (let i = 0; i < m; i++) A.data[i * n + j]! *= scale;
      if (rank < support) solution[j] = Math.sign(pull[j]!) * (0.5 + random.uniform());
    });
    const b = y.map((missing, i) => missing + along(A, i, solution));
    const l1 = (x: Vector) => {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += Math.abs(x[j]!);
      return lambda * sum;
    };
    return {
      ...withHessian({
        dimension: n,
        value: (x) => {
          let sum = 0;
          for (let i = 0; i < m; i++) sum += (along(A, i, x) - b[i]!) ** 2;
          return sum / 2;
        },
        gradient: (x, into) => {
          into.fill(0);
          let sum = 0;
          for (let i = 0; i < m; i++) {
            const r = along(A, i, x) - b[i]!;
            sum += r * r;
            add(into, r, rowOf(A, i));
          }
          return sum / 2;
        },
        hessian: (_, into) => weightedGram(A, one, 1, into),
        product: (_, v, into) => weightedProduct(A, one, 1, v, into),
        residuals: {
          count: m,
          evaluate: (x, r, J) => {
            for (let i = 0; i < m; i++) r[i] = along(A, i, x) - b[i]!;
            J.set(A.data);
          },
        },
        nonsmooth: {
          value: l1,
          prox: (x, step, into) => {
            for (let j = 0; j < n; j++) {
              into[j] = Math.sign(x[j]!) * Math.max(0, Math.abs(x[j]!) - step * lambda);
            }
          },
        },
        bounds: cube(n, -5, 5),
      }),
      formula: `½‖Ax − b‖² + ${lambda === 1 ? "" : lambda}‖x‖₁`,
      latex: String.raw`\tfrac{1}{2} \|A x - b\|_2^2 + ${lambda === 1 ? "" : lambda} \|x\|_1`,
      start: new Float64Array(n),
      minima: [solution],
      least: dot(y, y) / 2 + l1(solution),
      source: "Tibshirani 1996; drawn as Nesterov 2013, Mathematical Programming 140, section 6",
    };
  },
});

/** Proximal methods against solutions of others, against the conditions of a minimum, and against their rates. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Method, withOptions } from "../method.ts";
import { minimize } from "../minimize.ts";
import { fromFunctions, type Objective } from "../objective.ts";
import { admm, fista, ista, projectedGradient, proximalNewton, withPenalty } from "./index.ts";
import { box, l1, l2Ball, nuclear, simplex } from "./penalties.ts";

interface Lasso {
  name: string;
  A: number[][];
  b: number[];
  lambda: number;
  x: number[];
  value: number;
  lipschitz: number;
}
interface Logistic {
  A: number[][];
  y: number[];
  lambda: number;
  x: number[];
  value: number;
}
const recorded: { lasso: Lasso[]; logistic: Logistic } = JSON.parse(
  readFileSync(new URL("../../../fixtures/minimizers/lasso.json", import.meta.url), "utf8"),
);

const times = (A: readonly number[][], x: ArrayLike<number>) =>
  A.map((row) => row.reduce((sum, one, j) => sum + one * x[j]!, 0));
const transposed = (A: readonly number[][]) => A[0]!.map((_, j) => A.map((row) => row[j]!));

/** ½‖Ax − b‖² */
function leastSquares(A: readonly number[][], b: readonly number[]): Objective {
  const At = transposed(A);
  const hessian = At.map((row) => At.map((other) => row.reduce((sum, one, i) => sum + one * other[i]!, 0)));
  const residual = (x: ArrayLike<number>) => times(A, x).map((one, i) => one - b[i]!);
  return fromFunctions({
    name: "least squares",
    dimension: At.length,
    value: (x) => 0.5 * residual(x).reduce((sum, one) => sum + one * one, 0),
    gradient: (x) => times(At, residual(x)),
    hessian: () => hessian,
  });
}

/** mean log(1 + exp(−yᵢ aᵢᵀx)), with d/dz log(1 + e^−z) = −σ(−z), d²/dz² = σ(z)σ(−z) */
function logistic({ A, y }: Logistic): Objective {
  const m = A.length;
  const At = transposed(A);
  const sigma = (z: number) => 1 / (1 + Math.exp(-z));
  const margins = (x: ArrayLike<number>) => times(A, x).map((one, i) => one * y[i]!);
  return fromFunctions({
    name: "logistic",
    dimension: At.length,
    value: (x) => margins(x).reduce((sum, z) => sum + Math.log1p(Math.exp(-z)), 0) / m,
    gradient: (x) =>
      times(
        At,
        margins(x).map((z, i) => (-y[i]! * sigma(-z)) / m),
      ),
    hessian: (x) => {
      const weights = margins(x).map((z) => (sigma(z) * sigma(-z)) / m);
      return At.map((a) => At.map((c) => a.reduce((sum, one, i) => sum + one * c[i]! * weights[i]!, 0)));
    },
  });
}

const limits = { budget: 20_000, gradientTolerance: 1e-10, seed: 1 } as const;
const zeros = (n: number) => new Float64Array(n);

describe.each(recorded.lasso)("lasso, $name: A is $A.length high", ({
  A,
  b,
  lambda,
  x,
  value,
  lipschitz,
}) => {
  const smooth = leastSquares(A, b);
  const objective = withPenalty(smooth, l1(lambda));
  const n = x.length;

  it.each<[string, Method]>([
    ["ista", ista],
    ["fista", fista],
    ["fista", withOptions(fista, { restart: "function" })],
    ["proximal-newton", proximalNewton],
    ["admm", withOptions(admm, { rho: 10 })],
  ])("%s finds the minimum of coordinate descent, zeros included, and meets its conditions", (_, method) => {
    const found = minimize(method, objective, zeros(n), limits);
    expect(found.reason).toBe("gradient below tolerance");
    expect(found.value).toBeCloseTo(value, 10);
    expect([...found.point].map((one) => one !== 0)).toEqual(x.map((one) => one !== 0));
    x.forEach((one, i) => {
      expect(found.point[i]).toBeCloseTo(one, 8);
    });
    // −∂f/∂xᵢ = λ sign(xᵢ) where xᵢ ≠ 0, and in [−λ, λ] where it is 0; values within rounding of the least have slopes of 1e-7
    const gradient = zeros(n);
    smooth.gradient!(found.point, gradient);
    for (const [i, slope] of gradient.entries()) {
      if (x[i] === 0) expect(Math.abs(slope)).toBeLessThanOrEqual(lambda + 1e-6);
      else expect(-slope).toBeCloseTo(lambda * Math.sign(x[i]!), 6);
    }
  });

  const constant = { step: 1 / lipschitz };
  const far = x.reduce((sum, one) => sum + one * one, 0); // ‖x₀ − x*‖², x₀ = 0
  const excess = (method: Method) =>
    minimize(method, objective, zeros(n), { iterations: 200, gradientTolerance: 0 }).trace.map(
      (entry) => entry.value - value,
    );

  it("ista() stays below L‖x₀ − x*‖²/2k at every k", () => {
    const gaps = excess(withOptions(ista, constant));
    expect(gaps.length).toBeGreaterThan(20);
    gaps.slice(1).forEach((gap, i) => {
      expect(gap).toBeLessThanOrEqual((lipschitz * far) / (2 * (i + 1)));
    });
  });

  it("fista() stays below 2L‖x₀ − x*‖²/(k + 1)² at every k", () => {
    const gaps = excess(withOptions(fista, { ...constant, restart: "none" }));
    expect(gaps.length).toBeGreaterThan(20);
    gaps.slice(1).forEach((gap, i) => {
      expect(gap).toBeLessThanOrEqual((2 * lipschitz * far) / (i + 2) ** 2);
    });
  });
});

/**
 * The worst case of first-order methods, where the rates show: Nesterov's chain f = ½xᵀTx − x₁ with T tridiagonal (2, −1), for which
 * no method that adds gradients is faster than 3L‖x*‖²/(32(k + 1)²) up to k = n/2 (Nesterov 2004, theorem 2.1.7).
 */
describe("rates on Nesterov's chain", () => {
  const n = 400;
  const T = (x: ArrayLike<number>, i: number) => 2 * x[i]! - (x[i - 1] ?? 0) - (x[i + 1] ?? 0);
  const chain: Objective = {
    name: "chain",
    dimension: n,
    value: (x) => x.reduce((sum, one, i) => sum + 0.5 * one * T(x, i), 0) - x[0]!,
    gradient(x, into) {
      let sum = -x[0]!;
      for (let i = 0; i < n; i++) {
        const row = T(x, i);
        into[i] = row - (i === 0 ? 1 : 0);
        sum += 0.5 * x[i]! * row;
      }
      return sum;
    },
  };
  const least = -n / (2 * (n + 1)); // Tx = e₁ has xᵢ = 1 − i/(n + 1), and f = −x₁/2
  const exponent = (method: Method, from: number, to: number) => {
    const { trace } = minimize(method, withPenalty(chain, l1(0)), zeros(n), { iterations: to });
    const gap = (k: number) => trace[k]!.value - least;
    return Math.log(gap(to) / gap(from)) / Math.log(to / from);
  };

  it("fista() falls with an exponent near −2 or better, ista() with one above −1", () => {
    const step = 0.25; // 1/L, as T's eigenvalues are below 4
    expect(exponent(withOptions(fista, { step, restart: "none" }), 10, 100)).toBeLessThan(-0.9);
    expect(exponent(withOptions(ista, { step }), 10, 100)).toBeGreaterThan(-0.6);
  });
});

describe("l1-penalised logistic regression", () => {
  const { lambda, x, value, A } = recorded.logistic;
  const objective = withPenalty(logistic(recorded.logistic), l1(lambda));

  it("proximalNewton() converges quadratically to SciPy's solution", () => {
    const found = minimize(proximalNewton, objective, zeros(A[0]!.length), limits);
    expect(found.value).toBeCloseTo(value, 9);
    x.forEach((one, i) => {
      expect(found.point[i]).toBeCloseTo(one, 4); // SciPy's own accuracy
    });
    const sizes = found.trace.flatMap(({ gradientNorm }) =>
      gradientNorm === undefined ? [] : [gradientNorm],
    );
    expect(found.iterations).toBeLessThanOrEqual(9);
    // the error at least squares while it is above rounding: of 1e-2, 1e-4 … by a constant of the problem
    const small = sizes.filter((size) => size < 1e-1 && size > 1e-7);
    expect(small.length).toBeGreaterThan(1);
    small.slice(1).forEach((size, i) => {
      expect(size).toBeLessThan(10 * small[i]! ** 2);
    });
  });

  it("admm() says that this is not quadratic", () => {
    const found = minimize(admm, objective, zeros(A[0]!.length), limits);
    expect(found.reason).toBe("no descent");
    expect(found.detail).toMatch(/not quadratic: .* use proximal-newton/);
  });
});

describe("constraints", () => {
  /** The nearest point of a set to (2, 1, −1). */
  const aim = [2, 1, -1];
  const near = fromFunctions({
    name: "distance",
    dimension: 3,
    value: (x) => 0.5 * x.reduce((sum, one, i) => sum + (one - aim[i]!) ** 2, 0),
    gradient: (x) => x.map((one, i) => one - aim[i]!),
  });
  const length = Math.sqrt(6);

  it.each([
    ["box(0, 1.5)", box(0, 1.5), [1.5, 1, 0]],
    ["simplex(1)", simplex(1), [1, 0, 0]],
    ["l2Ball(1)", l2Ball(1), aim.map((one) => one / length)],
  ])("projectedGradient(), ista() and fista() find the nearest point of %s", (_, set, expected) => {
    for (const method of [projectedGradient, ista, fista]) {
      const found = minimize(method, withPenalty(near, set), [9, 9, 9], limits);
      expected.forEach((one, i) => {
        expect(found.point[i]).toBeCloseTo(one, 8);
      });
    }
  });

  it("projectedGradient() goes down Rosenbrock's valley to the wall of a box", () => {
    const rosenbrock = fromFunctions({
      dimension: 2,
      value: ([x, y]) => (1 - x!) ** 2 + 100 * (y! - x! * x!) ** 2,
      gradient: ([x, y]) => [-2 * (1 - x!) - 400 * x! * (y! - x! * x!), 200 * (y! - x! * x!)],
    });
    // with x at its wall, y = x² is free
    const found = minimize(projectedGradient, withPenalty(rosenbrock, box(-2, 0.5)), [-1.2, 0.5], {
      ...limits,
      budget: 1000,
    });
    expect(found.point[0]).toBe(0.5);
    expect(found.point[1]).toBeCloseTo(0.25, 9);
  });

  it("fista() with nuclear() completes a matrix of rank 1", () => {
    // u vᵀ with u = (1, 2, 3), v = (1, −1, 2, 0.5), three entries unseen
    const whole = [1, 2, 3].flatMap((u) => [1, -1, 2, 0.5].map((v) => u * v));
    const unseen = new Set([1, 6, 8]);
    const seen = (x: ArrayLike<number>, i: number) => (unseen.has(i) ? 0 : x[i]! - whole[i]!);
    const completion = fromFunctions({
      dimension: 12,
      value: (x) => 0.5 * x.reduce((sum, _, i) => sum + seen(x, i) ** 2, 0),
      gradient: (x) => x.map((_, i) => seen(x, i)),
    });
    const found = minimize(fista, withPenalty(completion, nuclear(1e-4, 3, 4)), zeros(12), limits);
    whole.forEach((one, i) => {
      expect(Math.abs(found.point[i]! - one)).toBeLessThan(2e-3); // the penalty's pull
    });
  });
});

describe("errors", () => {
  it("admm() does not take a relaxation beyond 2", () => {
    const { A, b } = recorded.lasso[0]!;
    const objective = withPenalty(leastSquares(A, b), l1(1));
    const run = () => minimize(withOptions(admm, { relaxation: 2.5 }), objective, zeros(8));
    expect(run).toThrow(/relaxation must be at most 2, where it may cycle: current value is 2.5/);
  });

  it("proximal methods are refused what has no proximal part", () => {
    const { A, b } = recorded.lasso[0]!;
    expect(() => minimize(fista, leastSquares(A, b), zeros(8))).toThrow(/proximal map/);
  });
});

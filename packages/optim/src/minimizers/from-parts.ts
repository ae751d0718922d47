/** Objectives from their parts, as one writes them by hand: residuals of a fit, or the terms of a mean. */
import { checkDimension, fill, fillMatrix, type Objective, type Vector } from "./objective.ts";
import { add } from "./vectors.ts";

/** A fit: f(x) = ½‖r(x)‖². */
export interface Fit {
  name?: string;
  dimension: number;
  /** m, the length of r. */
  count: number;
  residuals: (at: Vector) => ArrayLike<number>;
  /** m rows of n, or flat, row-major. */
  jacobian: (at: Vector) => ArrayLike<number> | ArrayLike<ArrayLike<number>>;
}

/**
 * The objective of a fit, with value and gradient Jᵀr, for least-squares methods and all others.
 *
 * @example fromResiduals({ dimension: 2, count: 3, residuals: ([a, b]) => t.map((ti, i) => a * ti + b - y[i]), jacobian: … })
 */
export function fromResiduals(fit: Fit): Objective {
  const { name = "f", dimension: n, count: m, residuals, jacobian } = fit;
  checkDimension(name, n);
  checkCount(name, m);
  const r = new Float64Array(m);
  const J = new Float64Array(m * n);
  const look = (at: Vector) => {
    fill(r, residuals(at), `the residuals of ${name}`);
    let sum = 0;
    for (const part of r) sum += part * part;
    return sum / 2;
  };
  return {
    name,
    dimension: n,
    value: look,
    gradient: (at, into) => {
      const value = look(at);
      fillMatrix(J, jacobian(at), n, `the Jacobian of ${name}`);
      into.fill(0);
      for (let k = 0; k < m; k++) add(into, r[k]!, J.subarray(k * n, (k + 1) * n));
      return value;
    },
    residuals: {
      count: m,
      evaluate: (at, into, matrix) => {
        fill(into, residuals(at), `the residuals of ${name}`);
        fillMatrix(matrix, jacobian(at), n, `the Jacobian of ${name}`);
      },
    },
  };
}

/** A finite sum: f(x) = (1/N) Σ fᵢ(x). */
export interface FiniteSum {
  name?: string;
  dimension: number;
  /** N */
  count: number;
  /** fᵢ(x) */
  value: (i: number, at: Vector) => number;
  /** ∇fᵢ(x) */
  gradient: (i: number, at: Vector) => ArrayLike<number>;
}

/** The objective of a finite sum, with its terms as components. */
export function fromComponents(sum: FiniteSum): Objective {
  const { name = "f", dimension: n, count, value, gradient } = sum;
  checkDimension(name, n);
  checkCount(name, count);
  const part = new Float64Array(n);
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  const mean = (indices: ArrayLike<number>, at: Vector, into: Vector) => {
    const { length } = indices;
    let total = 0;
    into.fill(0);
    for (let k = 0; k < length; k++) {
      fill(part, gradient(indices[k]!, at), `the gradient of term ${indices[k]} of ${name}`);
      add(into, 1 / length, part);
      total += value(indices[k]!, at) / length;
    }
    return total;
  };
  return {
    name,
    dimension: n,
    value: (at) => {
      let total = 0;
      for (let i = 0; i < count; i++) total += value(i, at) / count;
      return total;
    },
    gradient: (at, into) => mean(all, at, into),
    components: { count, gradient: mean },
  };
}

function checkCount(name: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return;
  throw new RangeError(
    `Cannot build the objective ${name} as its count must be a whole number >= 1: current value is ${count}`,
  );
}

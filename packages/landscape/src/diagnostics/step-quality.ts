/**
 * Where a step ends on the loss along its own direction: a parabola is fitted to losses and slopes at both ends, each weighted by how
 * well it is known, and α places the end between the start (−1), the parabola's minimum (0) and as far beyond it (1):
 *
 *   f(τ) = w₀ + w₁ τ + w₂ τ²        α = 2 t / (−w₁ / w₂) − 1        t = ‖Δθ‖
 *
 * Below −1 the step went uphill on these examples. Where the parabola opens downwards there is no minimum to reach, and α is −1. Source: Cockpit, arXiv:2102.06604, section 3 and
 * appendix C.1; its variances of zero count as 1e-10.
 */
import { Matrix, solve } from "ml-matrix";

/** For each example, at one end of a step: its loss, and its slope in the step's direction per unit of length. */
export interface StepEnd {
  readonly losses: readonly number[];
  readonly slopes: readonly number[];
}

const LEAST_VARIANCE = 1e-10;

/** α of a step of length t. */
export function stepQuality(start: StepEnd, end: StepEnd, t: number): number {
  // in units of the step, u = τ / t, so that the four equations are of one size
  const inSteps = (slopes: readonly number[]) => slopes.map((slope) => slope * t);
  const observed = [start.losses, end.losses, inSteps(start.slopes), inSteps(end.slopes)];
  const rows = [
    [1, 0, 0],
    [1, 1, 1],
    [0, 1, 0],
    [0, 1, 2],
  ];
  const weights = observed.map((values) => 1 / Math.max(varianceOf(values), LEAST_VARIANCE));
  const left = new Matrix(3, 3);
  const right = new Matrix(3, 1);
  rows.forEach((row, k) => {
    const y = meanOf(observed[k]!);
    for (const [i, a] of row.entries()) {
      right.set(i, 0, right.get(i, 0) + weights[k]! * a * y);
      for (const [j, b] of row.entries()) left.set(i, j, left.get(i, j) + weights[k]! * a * b);
    }
  });
  const [, w1, w2] = solve(left, right).getColumn(0) as [number, number, number];
  return w2 > 0 ? 2 / (-w1 / w2) - 1 : -1;
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

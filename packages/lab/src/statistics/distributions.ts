/**
 * The distribution functions that the intervals and tests of this folder need.
 *
 * All of it is jStat's (one package, no dependencies); this file is the one place that knows so. Checked against scipy
 * in `distributions.test.ts`: 1e-7 for probabilities, 1e-8 for normal quantiles, 1e-6 for the studentized range, far below any
 * Monte-Carlo error here.
 */
import library from "jstat";

const { jStat } = library;

/** P(Z ≤ z) for a standard normal Z. */
export const normalCdf = (z: number): number => jStat.normal.cdf(z, 0, 1);

/** The z with P(Z ≤ z) = p, for p in (0, 1). */
export const normalQuantile = (p: number): number => jStat.normal.inv(p, 0, 1);

/** P(T ≤ t) for Student's t with `dof` degrees of freedom. */
export const studentTCdf = (t: number, dof: number): number => jStat.studentt.cdf(t, dof);

/** The t with P(T ≤ t) = p for Student's t with `dof` degrees of freedom. */
export const studentTQuantile = (p: number, dof: number): number => jStat.studentt.inv(p, dof);

/** P(X > x) for chi-squared with `dof` degrees of freedom. */
export const chiSquareSurvival = (x: number, dof: number): number => 1 - jStat.chisquare.cdf(x, dof);

/** The q with P(range of k standard normals ≤ q) = p: the studentized range with infinitely many degrees of freedom. */
export const studentizedRangeQuantile = (p: number, k: number): number =>
  jStat.tukey.inv(p, k, Number.POSITIVE_INFINITY);

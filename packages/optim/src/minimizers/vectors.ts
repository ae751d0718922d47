/** Plain loops over flat vectors, with sums in float64: what methods are written with. */
import type { Vector } from "./objective.ts";

/** Vectors of the methods here are float64; those of networks, to which the first three loops lend themselves too, float32. */
export type Numbers = Float32Array | Float64Array;

/** Four sums at a time: a single one waits for each addition to end before the next begins. */
export function dot(a: Numbers, b: Numbers): number {
  const n = a.length;
  const whole = n - (n % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < n; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

/** ‖a‖₂ */
export const norm = (a: Numbers): number => Math.sqrt(dot(a, a));

/** ‖a‖∞ */
export function maxNorm(a: Vector): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const size = Math.abs(a[i]!);
    if (!(size <= largest)) largest = size; // NaN passes
  }
  return largest;
}

/** ‖a‖₁ */
export function sumNorm(a: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]!);
  return sum;
}

/** ‖a − b‖₂ */
export function distance(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

/** Whether step·d moves x by rounding alone: its largest entry is a few last bits of that of x. */
export const isRounding = (step: number, d: Vector, x: Vector): boolean =>
  step * maxNorm(d) <= 4 * Number.EPSILON * maxNorm(x);

/** y ← y + scale·x */
export function add(y: Numbers, scale: number, x: Numbers): void {
  for (let i = 0; i < y.length; i++) y[i]! += scale * x[i]!;
}

/** out ← x + scale·d */
export function move(x: Vector, scale: number, d: Vector, out: Vector): void {
  for (let i = 0; i < out.length; i++) out[i] = x[i]! + scale * d[i]!;
}

/** out ← a − b */
export function subtract(a: Vector, b: Vector, out: Vector): void {
  for (let i = 0; i < out.length; i++) out[i] = a[i]! - b[i]!;
}

/** x ← scale·x */
export function scale(x: Vector, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i]! *= factor;
}

/** y ← y + scale·x, and then zᵀy, in one pass over memory. */
export function addThenDot(y: Vector, scale: number, x: Vector, z: Vector): number {
  const n = y.length;
  const whole = n - (n % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    const y0 = y[i]! + scale * x[i]!;
    const y1 = y[i + 1]! + scale * x[i + 1]!;
    const y2 = y[i + 2]! + scale * x[i + 2]!;
    const y3 = y[i + 3]! + scale * x[i + 3]!;
    y[i] = y0;
    y[i + 1] = y1;
    y[i + 2] = y2;
    y[i + 3] = y3;
    s0 += y0 * z[i]!;
    s1 += y1 * z[i + 1]!;
    s2 += y2 * z[i + 2]!;
    s3 += y3 * z[i + 3]!;
  }
  for (let i = whole; i < n; i++) {
    y[i]! += scale * x[i]!;
    s0 += y[i]! * z[i]!;
  }
  return s0 + s1 + (s2 + s3);
}

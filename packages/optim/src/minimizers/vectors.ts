/** Plain loops over flat vectors, in float64: what methods are written with. */
import type { Vector } from "./objective.ts";

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** ‖a‖₂ */
export const norm = (a: Vector): number => Math.sqrt(dot(a, a));

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

/** y ← y + scale·x */
export function add(y: Vector, scale: number, x: Vector): void {
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

/**
 * The loss on a plane through a contest: the start at the origin, the first direction to where one learner stands, the second to another, made perpendicular. With
 * one learner the second direction is random, drawn from a seed. Both are in units of the first learner's way, so lengths can be compared.
 */
import { stream } from "@thalweg/random";

export interface Plane {
  readonly origin: Float32Array;
  /** Of equal length, perpendicular. */
  readonly u: Float32Array;
  readonly v: Float32Array;
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const minus = (a: Float32Array, b: Float32Array) => a.map((x, i) => x - b[i]!);

/** Undefined where the first has not moved. */
export function planeThrough(
  start: Float32Array,
  first: Float32Array,
  second: Float32Array | undefined,
  seed: number,
): Plane | undefined {
  const u = minus(first, start);
  const length = Math.sqrt(dot(u, u));
  if (!(length > 0 && length < Infinity)) return undefined;
  const random = stream(seed, "plane");
  const drawn = Float32Array.from(start, () => random.normal());
  for (const candidate of [second === undefined ? undefined : minus(second, start), drawn]) {
    if (candidate === undefined) continue;
    const share = dot(candidate, u) / (length * length);
    const rest = candidate.map((x, i) => x - share * u[i]!);
    const norm = Math.sqrt(dot(rest, rest));
    if (norm > 1e-3 * length && norm < Infinity)
      return { origin: start, u, v: rest.map((x) => (x * length) / norm) };
  }
  return undefined;
}

/** θ = origin + a u + b v. */
export function pointOf({ origin, u, v }: Plane, a: number, b: number, into: Float32Array): Float32Array {
  for (let i = 0; i < origin.length; i++) into[i] = origin[i]! + a * u[i]! + b * v[i]!;
  return into;
}

/** Where a θ lies when it is dropped onto the plane. */
export function shadowOf({ origin, u, v }: Plane, theta: Float32Array): readonly [number, number] {
  const way = minus(theta, origin);
  return [dot(way, u) / dot(u, u), dot(way, v) / dot(v, v)];
}

/** Families through models: the line from one to another, and the plane through three of them in Euclidean units. */

import { dot, norm } from "@thalweg/optim";
import { removeComponent } from "../directions/orthogonalize.ts";
import { type AffineFamily, affineFamily } from "./affine.ts";

/** One point of parameter space, with its running statistics. */
export interface ModelPoint {
  readonly parameters: Float32Array;
  readonly buffers?: Float32Array;
  readonly name: string;
}

/** A point that is marked on a picture. */
export interface Marker {
  readonly name: string;
  readonly coordinates: readonly number[];
}

export interface MarkedFamily {
  readonly family: AffineFamily;
  readonly markers: readonly Marker[];
}

/** θ(t) = (1 − t) a + t b: the models are at 0 and 1. Buffers go along where both have them. */
export function lineBetween(a: ModelPoint, b: ModelPoint): MarkedFamily {
  requireSameModel([a, b]);
  const family = affineFamily({
    origin: a.parameters,
    basis: [difference(b.parameters, a.parameters)],
    labels: [`from ${a.name} to ${b.name}`],
    ...(a.buffers && {
      buffers: {
        origin: a.buffers,
        ...(b.buffers && { basis: [difference(b.buffers, a.buffers)] }),
      },
    }),
  });
  return {
    family,
    markers: [
      { name: a.name, coordinates: [0] },
      { name: b.name, coordinates: [1] },
    ],
  };
}

/**
 * The plane through three models, in units of Euclidean length:
 *
 *   û = (b − a) / ‖b − a‖        v̂ = w / ‖w‖  with  w = (c − a) − û ⟨û, c − a⟩
 *
 * a lies at (0, 0), b at (‖b − a‖, 0), c at (⟨û, c − a⟩, ‖w‖).
 * Buffers are combined as the models are: at each marker they are its own.
 * Source: Garipov et al., arXiv:1802.10026, appendix A.2.
 */
export function planeThrough(a: ModelPoint, b: ModelPoint, c: ModelPoint): MarkedFamily {
  requireSameModel([a, b, c]);
  const u = difference(b.parameters, a.parameters);
  const v = difference(c.parameters, a.parameters);
  affineFamily({ origin: a.parameters, basis: [u, v], labels: [`to ${b.name}`, `to ${c.name}`] });
  const toB = norm(u);
  for (let i = 0; i < u.length; i++) u[i]! /= toB;
  const along = dot(u, v) / dot(u, u);
  removeComponent(v, u);
  const away = norm(v);
  for (let i = 0; i < v.length; i++) v[i]! /= away;
  const buffers = a.buffers && { origin: a.buffers, ...bufferBasis(a, b, c, toB, along, away) };
  return {
    family: {
      origin: a.parameters,
      basis: [u, v],
      labels: [`towards ${b.name}`, `towards ${c.name}, at right angles`],
      ...(buffers && { buffers }),
    },
    markers: [
      { name: a.name, coordinates: [0, 0] },
      { name: b.name, coordinates: [toB, 0] },
      { name: c.name, coordinates: [along, away] },
    ],
  };
}

/** Directions p, q of the buffers with a + toB·p = b and a + along·p + away·q = c. */
function bufferBasis(a: ModelPoint, b: ModelPoint, c: ModelPoint, toB: number, along: number, away: number) {
  if (!(a.buffers && b.buffers && c.buffers)) return {};
  const p = difference(b.buffers, a.buffers).map((value) => value / toB);
  const q = difference(c.buffers, a.buffers).map((value, i) => (value - along * p[i]!) / away);
  return { basis: [p, q] };
}

/** b − a, in float64 and rounded once. */
export const difference = (b: Float32Array, a: Float32Array): Float32Array =>
  Float32Array.from(b, (value, i) => value - a[i]!);

/** The interval that holds all markers along an axis and a margin, a share of their distance, on both sides. */
export function rangeOf(markers: readonly Marker[], axis: number, margin = 0.2): [number, number] {
  const places = markers.map(({ coordinates }) => coordinates[axis]!);
  const [low, high] = [Math.min(...places), Math.max(...places)];
  return [low - margin * (high - low), high + margin * (high - low)];
}

function requireSameModel([first, ...others]: readonly ModelPoint[]): void {
  for (const { name, parameters, buffers } of others) {
    if (parameters.length === first!.parameters.length && buffers?.length === first!.buffers?.length)
      continue;
    throw new RangeError(
      `Cannot span a family from ${first!.name} to ${name} as both must be the same model: they have ${first!.parameters.length} and ${parameters.length} parameters, ${first!.buffers?.length ?? 0} and ${buffers?.length ?? 0} buffers`,
    );
  }
}

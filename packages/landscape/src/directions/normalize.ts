/**
 * How long a direction is, piece by piece: each piece of it gets the length of the same piece of the weights, so that a unit along the
 * axis means the same everywhere in the network, and pictures of different networks can be compared.
 *
 *   filter   d_f ← d_f ‖w_f‖ / ‖d_f‖      each filter f; what Li et al. draw (arXiv:1712.09913, section 4)
 *   tensor   the same, each tensor         their `layer`
 *   layer    the same, each layer: tensors whose names differ in the last part alone, weight and bias together
 *   global   the same, all parameters at once
 *   weight   d_i ← d_i |w_i|               each number
 *   none     d
 *
 * with ‖·‖ the p-norm, p = 1 or 2. A piece whose weights are all zero has no length to give: its direction is zero, and it is counted.
 */
import { type FilterSegment, forEachFilter, type ParameterLayout, requireVector } from "./layout.ts";

export const normalizations = ["filter", "tensor", "layer", "weight", "global", "none"] as const;
export type Normalization = (typeof normalizations)[number];

export interface NormalizeOptions {
  readonly norm: Normalization;
  /** 2 by default. */
  readonly p?: 1 | 2;
}

/** Pieces whose weights are all zero, by the name of their tensor or layer. */
export type ZeroPieces = ReadonlyMap<string, number>;

/** Numbers of the flat vector that are scaled together. */
type Visit = (name: string, places: Uint32Array) => void;

const PIECES: Readonly<
  Record<Exclude<Normalization, "weight" | "none">, (layout: ParameterLayout, visit: Visit) => void>
> = {
  filter: ({ segments }, visit) => {
    for (const segment of segments) {
      forEachFilter(segment, (places) =>
        visit(
          segment.name,
          places.map((place) => place + segment.offset),
        ),
      );
    }
  },
  tensor: ({ segments }, visit) => {
    for (const segment of segments) visit(segment.name, range(segment));
  },
  layer: ({ segments }, visit) => {
    for (const [name, members] of layersOf(segments)) {
      visit(name, Uint32Array.from(members.flatMap((segment) => [...range(segment)])));
    }
  },
  global: ({ size }, visit) => visit("all parameters", range({ offset: 0, size })),
};

const range = ({ offset, size }: { offset: number; size: number }): Uint32Array =>
  Uint32Array.from({ length: size }, (_, i) => offset + i);

function layersOf(segments: readonly FilterSegment[]): Map<string, FilterSegment[]> {
  const layers = new Map<string, FilterSegment[]>();
  for (const segment of segments) {
    const layer = segment.name.split(".").slice(0, -1).join(".") || segment.name;
    layers.set(layer, [...(layers.get(layer) ?? []), segment]);
  }
  return layers;
}

/**
 * Scale a direction in place by the weights θ. Sums are in float64.
 *
 * @returns pieces that the direction moves and the weights are zero in, which are now zero
 * @throws RangeError where a vector is not of the layout
 */
export function normalizeDirection(
  direction: Float32Array,
  weights: Float32Array,
  layout: ParameterLayout,
  { norm, p = 2 }: NormalizeOptions,
): ZeroPieces {
  requireVector("normalise a direction", direction, layout);
  requireVector("normalise a direction by these weights", weights, layout);
  const zero = new Map<string, number>();
  if (norm === "none") return zero;
  if (norm === "weight") {
    for (let i = 0; i < direction.length; i++) direction[i]! *= Math.abs(weights[i]!);
    return zero;
  }
  PIECES[norm](layout, (name, places) => {
    const length = normOf(direction, places, p);
    if (length === 0) return;
    const wanted = normOf(weights, places, p);
    if (wanted === 0) zero.set(name, (zero.get(name) ?? 0) + 1);
    const scale = wanted / length;
    for (const place of places) direction[place]! *= scale;
  });
  return zero;
}

function normOf(vector: Float32Array, places: Uint32Array, p: 1 | 2): number {
  let sum = 0;
  for (const place of places) sum += p === 2 ? vector[place]! ** 2 : Math.abs(vector[place]!);
  return p === 2 ? Math.sqrt(sum) : sum;
}

/**
 * Where sharpness looks: points θ + δ with δ measured, number by number, against a scale c of the parameter itself.
 *
 *   absolute   c = 1             a ball or box of the same size for all
 *   adaptive   c = |θᵢ|          unchanged when a layer is made larger and the next one smaller by as much; zeros stand still
 *   keskar     c = |θᵢ| + 1
 *
 * Source  Keskar et al., arXiv:1609.04836, Metric 2.1; Kwon et al., "ASAM", arXiv:2102.11600, for the adaptive one.
 */
import type { SampledLoss } from "../curvature/sampled-loss.ts";

const SCALES = {
  absolute: () => 1,
  adaptive: (value: number) => Math.abs(value),
  keskar: (value: number) => Math.abs(value) + 1,
} as const;

export type Scale = keyof typeof SCALES;
export const scales = Object.keys(SCALES) as Scale[];

export interface NeighbourhoodOptions {
  readonly scale?: Scale;
  /** ρ, what δ/c may be as long as. */
  readonly radius: number;
  /** Which tensors move, by their names; all by default. */
  readonly moves?: (name: string) => boolean;
}

/** c of every parameter; 0 where it stands still. Raises RangeError for a radius that is none, and where nothing can move. */
export function scaleOf({ vector }: SampledLoss, options: NeighbourhoodOptions): Float64Array {
  const { scale = "adaptive", radius, moves = () => true } = options;
  if (!(radius > 0 && radius < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `Cannot measure sharpness as the radius must be positive and finite: current value is ${radius}`,
    );
  }
  const c = new Float64Array(vector.size);
  for (const { name, offset, size } of vector.segments) {
    if (!moves(name)) continue;
    for (let i = offset; i < offset + size; i++) c[i] = SCALES[scale](vector.parameters[i]!);
  }
  if (c.some((value) => value > 0)) return c;
  throw new RangeError(
    `Cannot measure sharpness as some parameter must move: of ${vector.segments.map(({ name }) => name).join(", ")} none does with the scale ${scale}`,
  );
}

/** Does something with θ, and puts it back as it was, bit for bit. */
export async function fromHere<T>(
  { vector: { parameters } }: SampledLoss,
  work: (write: (delta: Float64Array) => void) => Promise<T>,
): Promise<T> {
  const theta = parameters.slice();
  try {
    return await work((delta) => {
      for (let i = 0; i < delta.length; i++) parameters[i] = theta[i]! + delta[i]!;
    });
  } finally {
    parameters.set(theta);
  }
}

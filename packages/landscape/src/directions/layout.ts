/** How a model's parameters lie in the flat vector, and what of each tensor is a filter: all that directions need to know of a model. */
import { sizeOf } from "@thalweg/graph";
import { tracing } from "@thalweg/nn";
import type { Segment } from "@thalweg/optim";
import { type Model, ParameterVector } from "@thalweg/train";
import { filterAxes } from "./filter-axes.ts";

export interface FilterSegment extends Segment {
  /** Axes along which each place is a filter of its own; none where the tensor is one. */
  readonly filterAxes: readonly number[];
}

export interface ParameterLayout {
  readonly segments: readonly FilterSegment[];
  readonly bufferSegments: readonly Segment[];
  /** Numbers in all segments. */
  readonly size: number;
}

/** Trace the model once, for two examples, and read off its layout. */
export function layoutOf(model: Model, batchSize = 2): ParameterLayout {
  const context = tracing(model.module, { training: false });
  const batch = Object.entries(model.inputs(batchSize)).map(
    ([name, { shape, dtype }]) => [name, context.graph.input(name, shape, dtype)] as const,
  );
  const { loss } = model.measure(context, Object.fromEntries(batch));
  const axes = filterAxes(context.parameters.values(), [loss]);
  const { segments, bufferSegments, size } = new ParameterVector(model.module, { stateSlots: 0 });
  return {
    segments: segments.map((segment) => ({
      ...segment,
      filterAxes: axes.get(context.parameters.get(segment.name)!)!,
    })),
    bufferSegments,
    size,
  };
}

/** A flat vector as long as the parameters is asked for everywhere. Raises RangeError where this one is not. */
export function requireVector(
  action: string,
  vector: Float32Array,
  { size, segments }: ParameterLayout,
): void {
  if (vector.length === size) return;
  throw new RangeError(
    `Cannot ${action} as it must have the model's ${size} numbers, in ${segments.length} tensors: found ${vector.length}; was it made for another model?`,
  );
}

/**
 * Calls `visit` for every filter of a tensor with the places of its numbers in the tensor: for filter axes 0 of [2, 3]
 * first 0 1 2, then 3 4 5; for axis 1 first 0 3, then 1 4, then 2 5.
 */
export function forEachFilter(
  { shape, filterAxes: axes }: Pick<FilterSegment, "shape" | "filterAxes">,
  visit: (places: Uint32Array, filter: number) => void,
): void {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const inner = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const offsets = (chosen: readonly number[]): Uint32Array => {
    let places = Uint32Array.of(0);
    for (const axis of chosen) {
      const next = new Uint32Array(places.length * shape[axis]!);
      let at = 0;
      for (const place of places)
        for (let i = 0; i < shape[axis]!; i++) next[at++] = place + i * strides[axis]!;
      places = next;
    }
    return places;
  };
  const within = offsets(inner);
  const places = new Uint32Array(within.length);
  offsets(axes).forEach((start, filter) => {
    for (let i = 0; i < within.length; i++) places[i] = start + within[i]!;
    visit(places, filter);
  });
}

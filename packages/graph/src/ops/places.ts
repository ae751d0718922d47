/**
 * Tensors of indices: what they must be, and the places that they name. Shared by gathering and scattering. An index may be
 * negative, and then counts from the end.
 */
import { misfit, type Tensor, type Value } from "../graph.ts";
import { type Shape, sizeOf, stridesOf, walk } from "../shapes.ts";

/** The index counted from the front. */
export function fromFront(operator: string, index: number, size: number): number {
  if (!(index >= -size && index < size)) {
    throw new RangeError(`Cannot evaluate ${operator} as index ${index} is outside [${-size}, ${size})`);
  }
  return index < 0 ? index + size : index;
}

export function requireIndices(operator: string, inputs: readonly Tensor[], narrow = true): void {
  const { dtype } = inputs[1]!;
  if (dtype !== "int64" && !(narrow && dtype === "int32")) {
    throw misfit(operator, inputs, `indices must be ${narrow ? "int32 or " : ""}int64`, "cast them");
  }
}

/** For each element of `indices`, whose place differs from an element of `shape`'s along `axis` only: where it points to. */
export function eachElement(
  operator: string,
  shape: Shape,
  indices: Value,
  axis: number,
  visit: (k: number, place: number) => void,
): void {
  const strides = stridesOf(shape);
  const others = strides.map((stride, k) => (k === axis ? 0 : stride));
  walk(indices.shape, others, others, (k, base) => {
    visit(k, base + fromFront(operator, indices.data[k]!, shape[axis]!) * strides[axis]!);
  });
}

export function requireSameRank(operator: string, inputs: readonly Tensor[], axis: number): void {
  const [x, indices] = inputs as readonly [Tensor, Tensor];
  const inside = indices.shape.every((d, k) => k === axis || d <= x.shape[k]!);
  if (indices.rank !== x.rank || !inside) {
    throw misfit(
      operator,
      inputs,
      `indices need the axes of the data, none of them larger, other than axis ${axis}`,
    );
  }
}

/** For each tuple in `indices` [batch…, …, n]: the offset in `shape` [batch…, …] of the row that it names. */
export function eachTuple(
  operator: string,
  shape: Shape,
  indices: Value,
  batchDims: number,
  visit: (tuple: number, place: number) => void,
): void {
  const n = indices.shape.at(-1)!;
  const strides = stridesOf(shape).slice(batchDims, batchDims + n);
  const tuples = sizeOf(indices.shape.slice(0, -1));
  const perBatch = sizeOf(indices.shape.slice(batchDims, -1));
  for (let t = 0; t < tuples; t++) {
    let place = Math.floor(t / perBatch) * sizeOf(shape.slice(batchDims));
    for (let k = 0; k < n; k++) {
      place += fromFront(operator, indices.data[t * n + k]!, shape[batchDims + k]!) * strides[k]!;
    }
    visit(t, place);
  }
}

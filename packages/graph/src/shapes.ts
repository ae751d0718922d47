/**
 * Shapes, strides and NumPy's broadcasting rules: the integer arithmetic that every operator shares.
 * A shape is a list of sizes, outermost axis first; data are row-major.
 */

export type Shape = readonly number[];

/** Number of elements: the product of the sizes; 1 for a scalar. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

/** Row-major strides in elements: `[2, 3, 4]` → `[12, 4, 1]`. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, axis) => d === b[axis]);

/**
 * The common shape of two broadcast operands, or null when they do not broadcast: shapes are aligned at the right,
 * and two sizes agree when they are equal or one of them is 1. Source: NumPy's broadcasting, as ONNX quotes it.
 */
export function broadcastShapes(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const m = a[axis - rank + a.length] ?? 1;
    const n = b[axis - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) return null;
    shape.push(m === 1 ? n : m);
  }
  return shape;
}

/** Strides that read `shape` as if it had been broadcast to `target`: 0 along every repeated axis. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : strides[axis - lead]!));
}

/**
 * Visit every index of `shape` in row-major order with the element offsets that each set of strides gives it.
 * The callback gets (position, offset of the first strides, offset of the second).
 */
export function walk(
  shape: Shape,
  first: readonly number[],
  second: readonly number[],
  visit: (position: number, a: number, b: number) => void,
): void {
  const index = new Array<number>(shape.length).fill(0);
  const count = sizeOf(shape);
  let a = 0;
  let b = 0;
  for (let position = 0; position < count; position++) {
    visit(position, a, b);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      a += first[axis]!;
      b += second[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      a -= first[axis]! * shape[axis]!;
      b -= second[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** The most entries that a table of indices or weights may have where it is written out while a graph is built. */
const LARGEST_TABLE = 2 ** 20;

/** A list with an entry for each place. Its length may come from a file: an absurd one is refused before memory is taken. */
export function table<T>(length: number, entry: (place: number) => T): T[] {
  if (length <= LARGEST_TABLE) return Array.from({ length }, (_, place) => entry(place));
  throw new RangeError(
    `Cannot write out a table of ${length} entries as ${LARGEST_TABLE} are the most: build the model for smaller sizes`,
  );
}

/** `[2, 3]` as it is printed in messages. */
export const show = (shape: Shape): string => `[${shape.join(", ")}]`;

/**
 * Operators that move or rename axes without computing: Reshape Flatten Squeeze Unsqueeze Transpose Concat Tile, and
 * `expand`. All are linear, so each gradient is the move back.
 */
import { type Attributes, frontAxis, misfit, type Operator, type Rule, type Tensor } from "../graph.ts";
import { type Shape, sameShape, show, sizeOf, stridesOf, walk } from "../shapes.ts";
import { Expand } from "./elementwise.ts";

/** Same elements, other sizes: the gradient takes the old sizes back. */
const backToShape: Rule<Attributes> = ({ inputs: [x], gradient: g }) => reshape(g, x.shape);

export const Reshape: Operator<{ shape: readonly number[] }> = {
  name: "Reshape",
  trailing: ["shape"],
  infer([x], { shape }) {
    if (sizeOf(shape) !== x.size) {
      throw misfit(
        "Reshape",
        [x],
        `${show(shape)} has ${sizeOf(shape)} elements and the tensor has ${x.size}`,
      );
    }
    return { shape, dtype: x.dtype };
  },
  evaluate: ([x]) => x.data,
  gradient: [backToShape],
};

export const Flatten: Operator<{ axis: number }> = {
  name: "Flatten",
  infer([x], { axis }) {
    return { shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))], dtype: x.dtype };
  },
  evaluate: ([x]) => x.data,
  gradient: [backToShape],
};

export const Squeeze: Operator<{ axes: readonly number[] }> = {
  name: "Squeeze",
  trailing: ["axes"],
  infer([x], { axes }) {
    if (!axes.every((axis) => x.shape[axis] === 1)) {
      throw misfit("Squeeze", [x], `only axes of size 1 can be dropped: asked for ${show(axes)}`);
    }
    return { shape: x.shape.filter((_, k) => !axes.includes(k)), dtype: x.dtype };
  },
  evaluate: ([x]) => x.data,
  gradient: [backToShape],
};

export const Unsqueeze: Operator<{ axes: readonly number[] }> = {
  name: "Unsqueeze",
  trailing: ["axes"],
  infer([x], { axes }) {
    if (new Set(axes).size < axes.length)
      throw misfit("Unsqueeze", [x], `each new axis can be named once: found ${show(axes)}`);
    const sizes = [...x.shape];
    const rank = x.rank + axes.length;
    const shape = Array.from({ length: rank }, (_, k) => (axes.includes(k) ? 1 : sizes.shift()!));
    return { shape, dtype: x.dtype };
  },
  evaluate: ([x]) => x.data,
  gradient: [backToShape],
};

/** Output axis k is input axis perm[k]. */
export const Transpose: Operator<{ perm: readonly number[] }> = {
  name: "Transpose",
  infer([x], { perm }) {
    if (
      !sameShape(
        [...perm].sort((a, b) => a - b),
        x.shape.map((_, k) => k),
      )
    ) {
      throw misfit("Transpose", [x], `perm must name each axis once: current value is ${show(perm)}`);
    }
    return { shape: perm.map((axis) => x.shape[axis]!), dtype: x.dtype };
  },
  evaluate([x], { perm }, { shape }) {
    const strides = stridesOf(x.shape);
    const moved = perm.map((axis) => strides[axis]!);
    const out = new Float64Array(x.data.length);
    walk(shape, moved, moved, (i, from) => {
      out[i] = x.data[from]!;
    });
    return out;
  },
  // the inverse permutation: position of axis k in perm
  gradient: [
    ({ attributes: { perm }, gradient: g }) =>
      transpose(
        g,
        perm.map((_, k) => perm.indexOf(k)),
      ),
  ],
};

export const Concat: Operator<{ axis: number }> = {
  name: "Concat",
  infer(inputs, { axis }) {
    const [first] = inputs;
    const fits = inputs.every(
      (x) =>
        x.rank === first.rank &&
        x.dtype === first.dtype &&
        x.shape.every((d, k) => k === axis || d === first.shape[k]),
    );
    if (!fits) throw misfit("Concat", inputs, `dtypes and all sizes but those of axis ${axis} must agree`);
    const total = inputs.reduce((n, x) => n + x.shape[axis]!, 0);
    return { shape: first.shape.map((d, k) => (k === axis ? total : d)), dtype: first.dtype };
  },
  evaluate(inputs, { axis }, { shape }) {
    const out = new Float64Array(sizeOf(shape));
    const row = sizeOf(shape.slice(axis));
    let offset = 0;
    for (const x of inputs) {
      const chunk = sizeOf(x.shape.slice(axis));
      for (let i = 0; i * row < out.length; i++)
        out.set(x.data.subarray(i * chunk, (i + 1) * chunk), i * row + offset);
      offset += chunk;
    }
    return out;
  },
  // input k gets back its own stretch of dy
  gradient: [
    ({ inputs, attributes: { axis }, gradient: g }, { slice }, k) => {
      const start = inputs.slice(0, k).reduce((n, x) => n + x.shape[axis]!, 0);
      return slice(g, [start], [start + inputs[k]!.shape[axis]!], [axis]);
    },
  ],
};

/** The whole repeated `repeats[k]` times along axis k. */
export const Tile: Operator<{ repeats: readonly number[] }> = {
  name: "Tile",
  trailing: ["repeats"],
  infer([x], { repeats }) {
    if (repeats.length !== x.rank || !repeats.every((n) => Number.isInteger(n) && n >= 0)) {
      throw misfit(
        "Tile",
        [x],
        `it needs one whole number, 0 or more, for each of the ${x.rank} axes: found ${show(repeats)}`,
      );
    }
    return { shape: x.shape.map((d, k) => d * repeats[k]!), dtype: x.dtype };
  },
  evaluate([x], _, { shape }) {
    const out = new Float64Array(sizeOf(shape));
    const [to, from] = [stridesOf(shape), stridesOf(x.shape)];
    for (let i = 0; i < out.length; i++) {
      const place = to.reduce(
        (sum, stride, k) => sum + ((Math.floor(i / stride) % shape[k]!) % x.shape[k]!) * from[k]!,
        0,
      );
      out[i] = x.data[place]!;
    }
    return out;
  },
  // dx = Σ over the copies of dy
  gradient: [
    ({ inputs: [x], attributes: { repeats }, gradient: g }, { reduceSum }) => {
      const copies = reshape(
        g,
        x.shape.flatMap((d, k) => [repeats[k]!, d]),
      );
      const axes = repeats.flatMap((n, k) => (n === 1 ? [] : [2 * k]));
      return reshape(reduceSum(copies, axes), x.shape);
    },
  ],
};

/** The same elements in another shape; one size may be −1 and is then worked out. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((n, d) => (d === -1 ? n : n * d), 1);
  const full = shape.map((d) => (d === -1 ? x.size / known : d));
  if (!full.every((d) => Number.isInteger(d) && d >= 0)) {
    throw misfit(
      "Reshape",
      [x],
      `${show(shape)} cannot hold ${x.size} elements`,
      "sizes are whole numbers, one may be -1",
    );
  }
  if (sameShape(full, x.shape)) return x;
  // a reshape of a reshape needs only the last
  const source =
    x.origin.kind === "call" && x.origin.call.operator.name === "Reshape" ? x.origin.call.inputs[0]! : x;
  return sameShape(full, source.shape) ? source : x.graph.apply(Reshape, [source], { shape: full });
}

/** Two axes: all before `axis` into one, all from `axis` on into the other. */
export const flatten = (x: Tensor, axis = 1): Tensor =>
  x.graph.apply(Flatten, [x], { axis: axis === x.rank ? axis : frontAxis("Flatten", x, axis) });

/** Drop the given axes, which must have size 1. */
export const squeeze = (x: Tensor, axes: readonly number[]): Tensor =>
  x.graph.apply(Squeeze, [x], { axes: axes.map((axis) => frontAxis("Squeeze", x, axis)) });

/** Insert axes of size 1, so that they stand at the given places of the result. */
export const unsqueeze = (x: Tensor, axes: readonly number[]): Tensor =>
  x.graph.apply(Unsqueeze, [x], {
    axes: axes.map((axis) => frontAxis("Unsqueeze", x, axis, x.rank + axes.length)),
  });

/** Permute the axes; reversed when `perm` is left out. Where only axes of size 1 move it is a reshape, which copies nothing. */
export function transpose(
  x: Tensor,
  perm: readonly number[] = x.shape.map((_, k) => x.rank - 1 - k),
): Tensor {
  const { shape } = Transpose.infer([x, x, x], { perm });
  const moving = perm.filter((axis) => x.shape[axis] !== 1);
  const still = moving.every((axis, k) => k === 0 || moving[k - 1]! < axis);
  return still ? reshape(x, shape) : x.graph.apply(Transpose, [x], { perm });
}

/** Exchange the last two axes: the transposes of a batch of matrices. */
export const swapLastAxes = (x: Tensor): Tensor =>
  transpose(
    x,
    [...x.shape.keys()].map((k) => (k < x.rank - 2 ? k : 2 * x.rank - 3 - k)),
  );

/** Repeat axes of size 1 (and new leading axes) up to `shape`. */
export const expand = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : x.graph.apply(Expand, [x], { shape });

/** Join along an axis. */
export function concat(inputs: readonly Tensor[], axis: number): Tensor {
  const [first] = inputs;
  if (!first) throw new RangeError("Cannot apply Concat to no tensors: give at least one");
  return inputs.length === 1
    ? first
    : first.graph.apply(Concat, inputs, { axis: frontAxis("Concat", first, axis) });
}

/** Repeat the whole along every axis: `tile([a, b], [2])` is [a, b, a, b]. */
export const tile = (x: Tensor, repeats: readonly number[]): Tensor =>
  repeats.length === x.rank && repeats.every((n) => n === 1) ? x : x.graph.apply(Tile, [x], { repeats });

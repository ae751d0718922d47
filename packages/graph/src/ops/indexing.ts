/**
 * Taking stretches of a tensor and putting them back: Slice, Pad with a constant, and what is made of them.
 * They are an adjoint pair: padding undoes slicing. Other paddings: `padding.ts`; single elements: `gather.ts` and `scatter.ts`.
 */
import { frontAxis, misfit, type Operator, type Tensor } from "../graph.ts";
import { show, sizeOf, stridesOf, walk } from "../shapes.ts";
import { constantLike } from "./elementwise.ts";
import { concat, reshape } from "./shape.ts";

export type SliceAttributes = {
  starts: readonly number[];
  ends: readonly number[];
  axes: readonly number[];
  steps: readonly number[];
};

/** The stretch that a slice reads along each axis: first index, count, and step. */
function stretches(shape: readonly number[], { starts, ends, axes, steps }: SliceAttributes) {
  return shape.map((size, axis) => {
    const k = axes.indexOf(axis);
    if (k < 0) return { first: 0, count: size, step: 1 };
    const step = steps[k]!;
    const fromFront = (i: number) => (i < 0 ? i + size : i);
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const first = Math.min(Math.max(fromFront(starts[k]!), Math.max(low, 0)), high);
    const end = Math.min(Math.max(fromFront(ends[k]!), low), high);
    return { first, count: Math.max(0, Math.ceil((end - first) / step)), step };
  });
}

/** y[i] = x[start + i·step] along each named axis. Counting, clamping and negative steps are ONNX's. */
export const Slice: Operator<SliceAttributes> = {
  name: "Slice",
  trailing: ["starts", "ends", "axes", "steps"],
  infer([x], attributes) {
    const { starts, ends, axes, steps } = attributes;
    if (![starts.length, ends.length, steps.length].every((n) => n === axes.length)) {
      throw misfit("Slice", [x], "starts, ends, axes and steps must have one length");
    }
    if (new Set(axes).size < axes.length)
      throw misfit("Slice", [x], `each axis can be named once: found ${show(axes)}`);
    if (steps.includes(0))
      throw misfit("Slice", [x], "a step of 0 goes nowhere", "use 1, or a negative step to go back");
    return { shape: stretches(x.shape, attributes).map(({ count }) => count), dtype: x.dtype };
  },
  evaluate([x], attributes, { shape }) {
    const along = stretches(x.shape, attributes);
    const strides = stridesOf(x.shape);
    const base = along.reduce((sum, { first }, axis) => sum + first * strides[axis]!, 0);
    const steps = along.map(({ step }, axis) => step * strides[axis]!);
    const out = new Float64Array(sizeOf(shape));
    walk(shape, steps, steps, (i, from) => {
      out[i] = x.data[base + from]!;
    });
    return out;
  },
  // dx is dy put back where it was read, zero elsewhere: turn backward axes round, spread by the step, pad to the size
  gradient: [
    ({ inputs: [x], attributes, gradient }) => {
      const whole = putBack(gradient, x.shape, attributes);
      x.graph.composites.set(whole, { name: "PutBack", inputs: [gradient], attributes });
      return whole;
    },
  ],
};

export type PadAttributes = { pads: readonly number[]; constant_value: number };

/** Surround with a constant; a negative pad crops. `pads` holds the pads before every axis, then those after. */
export const Pad: Operator<PadAttributes> = {
  name: "Pad",
  trailing: ["pads", "constant_value"],
  infer([x], { pads }) {
    const shape = x.shape.map((d, axis) => d + pads[axis]! + pads[axis + x.rank]!);
    if (pads.length !== 2 * x.rank || !shape.every((d) => d >= 0)) {
      throw misfit(
        "Pad",
        [x],
        `it needs two pads per axis that leave a size of 0 or more: found ${show(pads)}`,
      );
    }
    return { shape, dtype: x.dtype };
  },
  evaluate([x], { pads, constant_value }, { shape }) {
    const out = new Float64Array(sizeOf(shape)).fill(constant_value);
    const strides = stridesOf(shape);
    const before = pads.slice(0, shape.length);
    // Walk the part of x that stays inside after cropping.
    const skip = before.map((p) => Math.max(0, -p));
    const inside = x.shape.map((d, axis) =>
      Math.max(0, d - skip[axis]! - Math.max(0, -pads[axis + shape.length]!)),
    );
    const source = stridesOf(x.shape);
    const from0 = skip.reduce((sum, s, axis) => sum + s * source[axis]!, 0);
    const to0 = before.reduce((sum, p, axis) => sum + Math.max(0, p) * strides[axis]!, 0);
    walk(inside, source, strides, (_, from, to) => {
      out[to0 + to] = x.data[from0 + from]!;
    });
    return out;
  },
  // dx is the part of dy that x fills: the same pads, negated
  gradient: [
    ({ inputs: [x], attributes: { pads }, gradient: g }, { pad }) =>
      pad(
        g,
        pads.slice(0, x.rank).map((p) => -p),
        pads.slice(x.rank).map((p) => -p),
      ),
  ],
};

/** The upper triangle of matrices, from diagonal k on, or the lower one up to diagonal k; zeros elsewhere. */
export const Trilu: Operator<{ upper: number }> = {
  name: "Trilu",
  infer([x, k]) {
    if (x.rank < 2) throw misfit("Trilu", [x], "it needs two axes or more");
    if (k.dtype !== "int64" || k.size !== 1)
      throw misfit("Trilu", [x, k], "the diagonal must be one int64 number");
    return { shape: x.shape, dtype: x.dtype };
  },
  evaluate([x, k], { upper }) {
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    return x.data.map((value, i) => {
      const diagonal = (i % columns) - (Math.floor(i / columns) % rows);
      return (upper ? diagonal >= k.data[0]! : diagonal <= k.data[0]!) ? value : 0;
    });
  },
  // zeros pass nothing on: the same triangle of dy
  gradient: [({ inputs: [, k], attributes, gradient: g }) => g.graph.apply(Trilu, [g, k], attributes), null],
};

/**
 * Part of a tensor, as NumPy's `x[start:end:step]` on the named axes (the first ones when left out; steps of 1 when left
 * out). To go back to the very front with a negative step, end at −(size + 1) or lower.
 */
export function slice(
  x: Tensor,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, k) => k),
  steps: readonly number[] = starts.map(() => 1),
): Tensor {
  const front = axes.map((axis) => frontAxis("Slice", x, axis));
  const attributes = { starts, ends, axes: front, steps };
  const whole =
    steps.every((s) => s === 1) && Slice.infer([x, x, x], attributes).shape.every((d, k) => d === x.shape[k]);
  return whole ? x : x.graph.apply(Slice, [x], attributes);
}

/** Reverse the order along the given axes. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  const turned = axes.filter((axis) => x.shape[frontAxis("Slice", x, axis)]! > 1);
  if (turned.length === 0) return x;
  const back = turned.map(() => -1);
  const beforeFront = turned.map((axis) => -x.shape[frontAxis("Slice", x, axis)]! - 1);
  return slice(x, back, beforeFront, turned, back);
}

/** `before[k]` and `after[k]` constant values around axis k; negative numbers crop. */
export const pad = (x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor =>
  before.every((p) => p === 0) && after.every((p) => p === 0) && before.length === x.rank
    ? x
    : x.graph.apply(Pad, [x], { pads: [...before, ...after], constant_value: value });

/** Slicing's adjoint: what a slice of a tensor of `shape` gave, put back where it was read, with zeros elsewhere. */
export function putBack(part: Tensor, shape: readonly number[], attributes: SliceAttributes): Tensor {
  const along = stretches(shape, attributes);
  const backward = along.flatMap(({ step }, axis) => (step < 0 ? [axis] : []));
  let whole = flip(part, backward);
  const before: number[] = [];
  const after: number[] = [];
  for (const [axis, { first, count, step }] of along.entries()) {
    whole = spread(whole, axis, Math.abs(step));
    const lowest = step > 0 ? first : first + (count - 1) * step;
    before.push(count === 0 ? 0 : lowest);
    after.push(shape[axis]! - before.at(-1)! - whole.shape[axis]!);
  }
  return pad(whole, before, after);
}

/**
 * step − 1 zeros between neighbours along an axis: [a, b] → [a, 0, 0, b] for step 3. Joined to zeros where the stretches are
 * short (128×16×31×16, last axis, step 2: 1.0 ms, padded 9.5), padded where they are long and it is the same.
 */
export function spread(x: Tensor, axis: number, step: number): Tensor {
  const size = x.shape[axis]!;
  if (step === 1 || size < 2) return x;
  const lead = x.shape.slice(0, axis);
  const rest = x.shape.slice(axis + 1);
  const apart = reshape(x, [...lead, size, 1, ...rest]);
  const after = [...lead.map(() => 0), 0, step - 1, ...rest.map(() => 0)];
  const none = after.map(() => 0);
  const wide =
    sizeOf(rest) < 16
      ? concat([apart, constantLike(x, 0, [...lead, size, step - 1, ...rest])], axis + 1)
      : pad(apart, none, after);
  return slice(reshape(wide, [...lead, size * step, ...rest]), [0], [(size - 1) * step + 1], [axis]);
}

/** Zeros below (`upper`, the default) or above diagonal k of the last two axes; diagonal 0 is the main one, 1 above it. */
export const trilu = (x: Tensor, k = 0, upper = true): Tensor =>
  x.graph.apply(Trilu, [x, x.graph.constant(k, [], "int64")], { upper: Number(upper) });

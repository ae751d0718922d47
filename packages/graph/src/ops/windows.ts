/**
 * The arithmetic of sliding a window over the axes behind batch and channels, shared by convolution and pooling. One, two
 * or three such axes: [B, C, W], [B, C, H, W], [B, C, D, H, W]. `pads` is ONNX's: before every axis, then after every
 * axis, so [top, left, bottom, right] for a picture.
 */
import { misfit, type Tensor } from "../graph.ts";
import { type Shape, show, sizeOf } from "../shapes.ts";

export type WindowAttributes = {
  kernel_shape: readonly number[];
  strides: readonly number[];
  pads: readonly number[];
  dilations: readonly number[];
};

/** A number for both axes, or one for each: height, width. */
export type Pair = number | readonly [number, number];

/** A number for every axis, or one for each. */
export type PerAxis = number | readonly number[];
const perAxis = (value: PerAxis, axes: number): number[] =>
  typeof value === "number" ? new Array<number>(axes).fill(value) : [...value];

export interface WindowOptions {
  readonly stride?: PerAxis;
  /** Zeros on every side; or one number per axis, for both its sides; or ONNX's [top, left, bottom, right]. */
  readonly padding?: PerAxis;
  readonly dilation?: PerAxis;
}

/** ONNX's attributes for a kernel over `axes` axes. Default: stride 1, no padding, no dilation. */
export function windowAttributes(kernel: PerAxis, options: WindowOptions, axes: number): WindowAttributes {
  const { stride = 1, padding = 0, dilation = 1 } = options;
  const sides = perAxis(padding, axes);
  return {
    kernel_shape: perAxis(kernel, axes),
    strides: perAxis(stride, axes),
    pads: sides.length === axes ? [...sides, ...sides] : sides,
    dilations: perAxis(dilation, axes),
  };
}

/** Options that give these attributes again. */
export const optionsOf = ({ strides, pads, dilations }: WindowAttributes): Required<WindowOptions> => ({
  stride: strides,
  padding: pads,
  dilation: dilations,
});

/** Places from the first to the last that a window touches along axis k: dilation·(kernel − 1) + 1. */
export const reachOf = ({ kernel_shape, dilations }: WindowAttributes, k: number): number =>
  dilations[k]! * (kernel_shape[k]! - 1) + 1;

/** Refuse a window that is not complete, or does not have the axes that `x` has behind batch and channels. */
export function requireWindow(operator: string, x: Tensor, attributes: WindowAttributes): void {
  const { kernel_shape, strides, pads, dilations } = attributes;
  const axes = kernel_shape.length;
  if (axes === 0 || x.rank !== axes + 2) {
    throw misfit(
      operator,
      [x],
      `a kernel ${show(kernel_shape)} needs the axes batch and channels, then one for each of its ${axes}`,
      "reshape first",
    );
  }
  const whole = (low: number) => (n: number) => Number.isInteger(n) && n >= low;
  const complete = strides.length === axes && dilations.length === axes && pads.length === 2 * axes;
  if (!complete || ![...kernel_shape, ...strides, ...dilations].every(whole(1)) || !pads.every(whole(0))) {
    const found = `kernel [${kernel_shape}], stride [${strides}], dilation [${dilations}], padding [${pads}]`;
    throw misfit(
      operator,
      [x],
      "kernel, stride and dilation must be 1 or more, and padding 0 or more",
      `found ${found}`,
    );
  }
}

/** Windows that fit along each axis: ⌊(size + pads − reach) / stride⌋ + 1. */
export function windowsThatFit(operator: string, x: Tensor, attributes: WindowAttributes): number[] {
  requireWindow(operator, x, attributes);
  const { kernel_shape, strides, pads } = attributes;
  const axes = kernel_shape.length;
  return kernel_shape.map((_, axis) => {
    const reach = reachOf(attributes, axis);
    const padded = x.shape[axis + 2]! + pads[axis]! + pads[axis + axes]!;
    if (padded < reach) {
      throw misfit(
        operator,
        [x],
        `the kernel reaches over ${reach} places and the padded axis ${axis + 2} has ${padded}`,
        "use a smaller kernel or more padding",
      );
    }
    return Math.floor((padded - reach) / strides[axis]!) + 1;
  });
}

/**
 * Visit every (output place, input place) that one window offset joins: for output i and kernel place u the input place
 * is i·stride + u·dilation − pad along each axis, left out where it falls into the padding.
 */
export function eachTap(
  { kernel_shape, strides, pads, dilations }: WindowAttributes,
  outputs: Shape,
  inputs: Shape,
  visit: (output: number, input: number, tap: number) => void,
): void {
  const axes = kernel_shape.length;
  const joins = kernel_shape.map((taps, k) => {
    const found: (readonly [number, number, number])[] = [];
    const [stride, dilation, pad] = [strides[k]!, dilations[k]!, pads[k]!];
    for (let i = 0; i < outputs[k]!; i++) {
      const first = i * stride - pad;
      const last = Math.min(taps - 1, Math.floor((inputs[k]! - 1 - first) / dilation));
      for (let u = Math.max(0, Math.ceil(-first / dilation)); u <= last; u++) {
        found.push([i, first + u * dilation, u]);
      }
    }
    return found;
  });
  const descend = (k: number, output: number, input: number, tap: number): void => {
    if (k === axes) visit(output, input, tap);
    for (const [i, place, u] of joins[k] ?? []) {
      descend(k + 1, output * outputs[k]! + i, input * inputs[k]! + place, tap * kernel_shape[k]! + u);
    }
  };
  descend(0, 0, 0, 0);
}

/** Places of the input, padding left out, that each window reads: one number per place of y's plane. */
export function readsPerWindow(x: Shape, y: Shape, attributes: WindowAttributes): Float64Array {
  const plane = y.slice(2);
  const reads = new Float64Array(sizeOf(plane));
  eachTap(attributes, plane, x.slice(2), (output) => {
    reads[output]! += 1;
  });
  return reads;
}

/**
 * Pads for ONNX's `auto_pad`: SAME gives ⌈size / stride⌉ windows, the odd place after the axis (SAME_UPPER) or before it
 * (SAME_LOWER); VALID gives none.
 */
export function automaticPads(mode: string, inputs: Shape, attributes: WindowAttributes): number[] {
  if (mode === "NOTSET") return [...attributes.pads];
  if (mode === "VALID") return inputs.flatMap(() => [0, 0]);
  const totals = inputs.map((size, k) => {
    const stride = attributes.strides[k]!;
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + reachOf(attributes, k) - size);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return mode === "SAME_LOWER" ? [...large, ...small] : [...small, ...large];
}

/**
 * Pads after each axis enlarged so that `ceil_mode` windows fit: ⌈(size + pads − reach) / stride⌉ + 1 of them, without one
 * that would begin beyond the input and the padding before it (as torch and ONNX Runtime count).
 */
export function ceilingPads(inputs: Shape, attributes: WindowAttributes): number[] {
  const { strides, pads } = attributes;
  const axes = inputs.length;
  const after = inputs.map((size, k) => {
    const [before, end, stride] = [pads[k]!, pads[k + axes]!, strides[k]!];
    const spare = size + before + end - reachOf(attributes, k);
    let windows = Math.ceil(spare / stride) + 1;
    if ((windows - 1) * stride >= size + before) windows -= 1;
    return Math.max(end, (windows - 1) * stride + reachOf(attributes, k) - size - before);
  });
  return [...pads.slice(0, axes), ...after];
}

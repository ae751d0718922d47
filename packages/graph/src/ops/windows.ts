/**
 * The arithmetic of sliding a window over height and width, shared by convolution and pooling.
 * Layout: B batch, C channels, H height, W width. `pads` is ONNX's [top, left, bottom, right].
 */
import { misfit, type Tensor } from "../graph.ts";

export type WindowAttributes = {
  kernel_shape: readonly number[];
  strides: readonly number[];
  pads: readonly number[];
  dilations: readonly number[];
};

/** A number for both axes, or one for each: height, width. */
export type Pair = number | readonly [number, number];
export const pair = (value: Pair): [number, number] =>
  typeof value === "number" ? [value, value] : [value[0], value[1]];

export interface WindowOptions {
  readonly stride?: Pair;
  /** Zeros on every side of height and of width; or ONNX's [top, left, bottom, right]. */
  readonly padding?: Pair | readonly [number, number, number, number];
  readonly dilation?: Pair;
}

/** ONNX's attributes for a kernel of the given size. Default: stride 1, no padding, no dilation. */
export function windowAttributes(kernel: Pair, options: WindowOptions): WindowAttributes {
  const { stride = 1, padding = 0, dilation = 1 } = options;
  const sides = typeof padding === "number" ? [padding, padding] : padding;
  const pads = sides.length === 4 ? [...sides] : [...sides, ...sides];
  return { kernel_shape: pair(kernel), strides: pair(stride), pads, dilations: pair(dilation) };
}

/** Windows that fit along each axis: ⌊(size + pads − dilation·(kernel − 1) − 1) / stride⌋ + 1. */
export function windowsThatFit(operator: string, x: Tensor, attributes: WindowAttributes): [number, number] {
  const { kernel_shape, strides, pads, dilations } = attributes;
  if (x.rank !== 4)
    throw misfit(operator, [x], "it needs four axes [batch, channels, height, width]", "reshape first");
  const whole = (low: number) => (n: number) => Number.isInteger(n) && n >= low;
  if (![...kernel_shape, ...strides, ...dilations].every(whole(1)) || !pads.every(whole(0))) {
    const found = `kernel [${kernel_shape}], stride [${strides}], dilation [${dilations}], padding [${pads}]`;
    throw misfit(
      operator,
      [x],
      "kernel, stride and dilation must be 1 or more, and padding 0 or more",
      `found ${found}`,
    );
  }
  return [0, 1].map((axis) => {
    const reach = dilations[axis]! * (kernel_shape[axis]! - 1) + 1;
    const padded = x.shape[axis + 2]! + pads[axis]! + pads[axis + 2]!;
    if (padded < reach) {
      throw misfit(
        operator,
        [x],
        `the kernel reaches over ${reach} places and the padded axis ${axis + 2} has ${padded}`,
        "use a smaller kernel or more padding",
      );
    }
    return Math.floor((padded - reach) / strides[axis]!) + 1;
  }) as [number, number];
}

/**
 * Visit every (output place, input place) that one window offset joins: for output (i, j) and kernel place (u, v) the
 * input place is (i·stride + u·dilation − pad, …), left out where it falls into the padding.
 */
export function eachTap(
  { kernel_shape, strides, pads, dilations }: WindowAttributes,
  [outH, outW]: readonly [number, number],
  [H, W]: readonly [number, number],
  visit: (output: number, input: number, tap: number) => void,
): void {
  const [kH, kW] = kernel_shape as [number, number];
  for (let i = 0; i < outH; i++) {
    for (let j = 0; j < outW; j++) {
      for (let u = 0; u < kH; u++) {
        const y = i * strides[0]! + u * dilations[0]! - pads[0]!;
        if (y < 0 || y >= H) continue;
        for (let v = 0; v < kW; v++) {
          const x = j * strides[1]! + v * dilations[1]! - pads[1]!;
          if (x < 0 || x >= W) continue;
          visit(i * outW + j, y * W + x, u * kW + v);
        }
      }
    }
  }
}

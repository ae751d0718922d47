/**
 * Pooling over one, two or three axes: MaxPool AveragePool GlobalMaxPool GlobalAveragePool, and composed lpPool and maxUnpool.
 * Layout [B, C, …], the dots being the axes that windows slide over. How gradients are computed: `pooling-gradients.ts`.
 */
import { type MultiOperator, misfit, type Operator, type Tensor } from "../graph.ts";
import { type Shape, sizeOf } from "../shapes.ts";
import { abs, mul, pow } from "./arithmetic.ts";
import { constantLike } from "./elementwise.ts";
import { scatterElements } from "./scatter.ts";
import { reshape } from "./shape.ts";
import {
  eachTap,
  type PerAxis,
  reachOf,
  readsPerWindow,
  type WindowAttributes,
  type WindowOptions,
  windowAttributes,
  windowsThatFit,
} from "./windows.ts";

const inferPool =
  (name: string) =>
  ([x]: readonly [Tensor, ...Tensor[]], attributes: WindowAttributes) => {
    const windows = windowsThatFit(name, x, attributes);
    const { kernel_shape, pads } = attributes;
    if (!pads.every((p, k) => p < reachOf(attributes, k % kernel_shape.length))) {
      throw misfit(
        name,
        [x],
        "padding must be less than the kernel reaches, or windows would read nothing else",
        `found kernel [${kernel_shape}] and padding [${pads}]`,
      );
    }
    return { shape: [...x.shape.slice(0, 2), ...windows], dtype: x.dtype };
  };

/** Run `visit` over every plane of x and y, then over every tap of the window. */
function eachPlaneTap(
  x: Shape,
  y: Shape,
  attributes: WindowAttributes,
  visit: (output: number, input: number) => void,
): void {
  const [from, to] = [x.slice(2), y.slice(2)];
  for (let p = 0; p < y[0]! * y[1]!; p++) {
    eachTap(attributes, to, from, (output, input) =>
      visit(p * sizeOf(to) + output, p * sizeOf(from) + input),
    );
  }
}

/** The largest value of every window; padding never wins. */
export const MaxPool: Operator<WindowAttributes> = {
  name: "MaxPool",
  infer: inferPool("MaxPool"),
  evaluate([x], attributes, { shape }) {
    const out = new Float64Array(sizeOf(shape)).fill(Number.NEGATIVE_INFINITY);
    eachPlaneTap(x.shape, shape, attributes, (o, i) => {
      out[o] = Math.max(out[o]!, x.data[i]!);
    });
    return out;
  },
  // dx = dy at the window's winner: the first place, in row-major order, that holds the maximum (as torch)
  gradient: [
    ({ inputs: [x], output: y, attributes, gradient: g }, { maxPoolGradient }) =>
      maxPoolGradient(x, y, g, attributes),
  ],
};

export type MaxPoolPlacesAttributes = WindowAttributes & { storage_order: number };

/**
 * ONNX's MaxPool with both its outputs: the largest value of every window, and where in the whole of x it is, counted in
 * row-major order or, with `storage_order` 1, with the first axis of each plane innermost.
 */
export const MaxPoolPlaces: MultiOperator<MaxPoolPlacesAttributes> = {
  name: "MaxPool",
  inferAll(inputs, attributes) {
    const largest = MaxPool.infer(inputs, attributes);
    return [largest, { shape: largest.shape, dtype: "int64" }];
  },
  evaluateAll([x], attributes, outputs) {
    const { shape } = outputs[0]!;
    const largest = new Float64Array(sizeOf(shape)).fill(Number.NEGATIVE_INFINITY);
    const places = new Float64Array(largest.length);
    eachPlaneTap(x.shape, shape, attributes, (o, i) => {
      if (!(x.data[i]! > largest[o]!)) return;
      largest[o] = x.data[i]!;
      places[o] = i;
    });
    const plane = x.shape.slice(2);
    return [largest, attributes.storage_order ? places.map((i) => firstAxisInnermost(i, plane)) : places];
  },
  // the values' gradient goes where they came from; places have none
  gradient: [
    ({ inputs: [x], outputs: [y], attributes, gradients: [g] }, { maxPoolGradient }) =>
      g ? maxPoolGradient(x, y!, g, attributes) : null,
  ],
};

/** A row-major place in planes of this shape, counted with the first axis innermost. */
function firstAxisInnermost(place: number, plane: Shape): number {
  const size = sizeOf(plane);
  let rest = place % size;
  let found = 0;
  for (const [k, d] of [...plane.entries()].reverse()) {
    found += (rest % d) * sizeOf(plane.slice(0, k));
    rest = Math.floor(rest / d);
  }
  return place - (place % size) + found;
}

export type AveragePoolAttributes = WindowAttributes & { count_include_pad: number };

/** The mean of every window: padding counted as zeros (torch's default), or left out of the mean (ONNX's). */
export const AveragePool: Operator<AveragePoolAttributes> = {
  name: "AveragePool",
  infer: inferPool("AveragePool"),
  evaluate([x], attributes, { shape }) {
    const sums = new Float64Array(sizeOf(shape));
    eachPlaneTap(x.shape, shape, attributes, (o, i) => {
      sums[o]! += x.data[i]!;
    });
    const taps = sizeOf(attributes.kernel_shape);
    if (attributes.count_include_pad) return sums.map((sum) => sum / taps);
    const reads = readsPerWindow(x.shape, shape, attributes);
    return sums.map((sum, o) => sum / reads[o % reads.length]!);
  },
  // dx = dy / n at every place of the window, where n is what the mean was taken of
  gradient: [
    ({ inputs: [x], attributes, gradient: g }, { averagePoolGradient }) => {
      const { count_include_pad, pads, kernel_shape } = attributes;
      if (count_include_pad || pads.every((p) => p === 0)) return averagePoolGradient(x, g, attributes);
      const taps = sizeOf(kernel_shape);
      const shares = readsPerWindow(x.shape, g.shape, attributes).map((reads) => taps / reads);
      const scale = g.graph.constant(shares, [1, 1, ...g.shape.slice(2)], g.dtype);
      return averagePoolGradient(x, mul(g, scale), attributes);
    },
  ],
};

function inferGlobal(name: string) {
  return ([x]: readonly [Tensor, ...Tensor[]]) => {
    if (x.rank < 3) throw misfit(name, [x], "it needs the axes batch and channels, then one or more to pool");
    return { shape: x.shape.map((d, k) => (k < 2 ? d : 1)), dtype: x.dtype };
  };
}

/** The mean of every plane: [B, C, H, W] → [B, C, 1, 1]. */
export const GlobalAveragePool: Operator = {
  name: "GlobalAveragePool",
  infer: inferGlobal("GlobalAveragePool"),
  evaluate([x], _, { shape }) {
    const size = sizeOf(x.shape.slice(2));
    const sums = new Float64Array(sizeOf(shape));
    for (const [i, value] of x.data.entries()) sums[Math.floor(i / size)]! += value / size;
    return sums;
  },
  // dx = dy / (H W) at every place
  gradient: [
    ({ inputs: [x], gradient: g }, { expand, mul }) => expand(mul(g, 1 / sizeOf(x.shape.slice(2))), x.shape),
  ],
};

/** The largest value of every plane: [B, C, H, W] → [B, C, 1, 1]. */
export const GlobalMaxPool: Operator = {
  name: "GlobalMaxPool",
  infer: inferGlobal("GlobalMaxPool"),
  evaluate([x], _, { shape }) {
    const size = sizeOf(x.shape.slice(2));
    const largest = new Float64Array(sizeOf(shape)).fill(Number.NEGATIVE_INFINITY);
    for (const [i, value] of x.data.entries()) {
      const plane = Math.floor(i / size);
      largest[plane] = Math.max(largest[plane]!, value);
    }
    return largest;
  },
  // one window as large as the plane: dx = dy at the first place that holds the maximum
  gradient: [
    ({ inputs: [x], output: y, gradient: g }, { maxPoolGradient }) => {
      const plane = x.shape.slice(2);
      return maxPoolGradient(x, y, g, windowAttributes(plane, {}, plane.length));
    },
  ],
};

const poolAttributes = (x: Tensor, kernel: PerAxis, options: WindowOptions): WindowAttributes =>
  windowAttributes(kernel, { stride: kernel, ...options }, Math.max(0, x.rank - 2));

/** Largest value of each window. The stride is the kernel's size when left out, as in torch. */
export const maxPool = (x: Tensor, kernel: PerAxis, options: WindowOptions = {}): Tensor =>
  x.graph.apply(MaxPool, [x], poolAttributes(x, kernel, options));

/** The same with the places of these values in the whole of `x`, which `maxUnpool` takes. */
export function maxPoolPlaces(
  x: Tensor,
  kernel: PerAxis,
  options: WindowOptions & { readonly columnMajor?: boolean } = {},
): { output: Tensor; places: Tensor } {
  const { columnMajor = false, ...window } = options;
  const attributes = { ...poolAttributes(x, kernel, window), storage_order: Number(columnMajor) };
  const [output, places] = x.graph.applyMany(MaxPoolPlaces, [x], attributes) as [Tensor, Tensor];
  return { output, places };
}

/** The values of `x` put back at `places` of a tensor of that shape, zeros elsewhere. */
export function maxUnpool(x: Tensor, places: Tensor, shape: Shape): Tensor {
  const flat = (t: Tensor) => reshape(t, [t.size]);
  const zeros = constantLike(x, 0, [sizeOf(shape)]);
  return reshape(scatterElements(zeros, flat(places), flat(x)), shape);
}

export interface AveragePoolOptions extends WindowOptions {
  /** Whether padding counts as zeros (default) or is left out of the mean. */
  readonly countPadding?: boolean;
}

/** Mean of each window. The stride is the kernel's size when left out, as in torch. */
export function averagePool(x: Tensor, kernel: PerAxis, options: AveragePoolOptions = {}): Tensor {
  const { countPadding = true, ...window } = options;
  const attributes = { ...poolAttributes(x, kernel, window), count_include_pad: Number(countPadding) };
  return x.graph.apply(AveragePool, [x], attributes);
}

/** Mean of each plane: [B, C, H, W] → [B, C, 1, 1]. */
export const globalAveragePool = (x: Tensor): Tensor => x.graph.apply(GlobalAveragePool, [x], {});

/** Largest value of each plane: [B, C, H, W] → [B, C, 1, 1]. */
export const globalMaxPool = (x: Tensor): Tensor => x.graph.apply(GlobalMaxPool, [x], {});

/** (Σ |x|^p)^(1/p) over each window. Without a derivative where a whole window is zero, unless p is 1. */
export function lpPool(x: Tensor, kernel: PerAxis, p = 2, options: WindowOptions = {}): Tensor {
  const mean = averagePool(pow(abs(x), p), kernel, options);
  return pow(mul(mean, sizeOf(poolAttributes(x, kernel, {}).kernel_shape)), 1 / p);
}

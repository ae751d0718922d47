/**
 * How the gradients of pooling are computed: what every window hands back to the places that it read. Which form pays was
 * measured with ONNX Runtime on one thread (AVX-512). Rules in `pooling.ts` call these.
 */
import type { Tensor } from "../graph.ts";
import { sizeOf } from "../shapes.ts";
import { add, mul } from "./arithmetic.ts";
import { and, cast, equal, not, where } from "./comparison.ts";
import { convTranspose } from "./convolution.ts";
import { constantLike } from "./elementwise.ts";
import { pad, slice, spread } from "./indexing.ts";
import { AveragePool, MaxPool } from "./pooling.ts";
import { argMax } from "./reduction.ts";
import { concat, expand, reshape } from "./shape.ts";
import { optionsOf, reachOf, type WindowAttributes } from "./windows.ts";

/** Above this many places a window's winner is found along the width and then along the height: kW + kH passes, not kW·kH. */
const SMALL_WINDOW = 9;

/** dL/dx of y = maxPool(x), given g = dL/dy: each window's g at the first place that holds its maximum. */
export function maxPoolGradient(x: Tensor, y: Tensor, g: Tensor, attributes: WindowAttributes): Tensor {
  const { kernel_shape } = attributes;
  if (coversPlane(x, y, attributes)) return atLargest(x, g);
  if (kernel_shape.length === 1) {
    const flat = [x, y, g].map(asPicture) as [Tensor, Tensor, Tensor];
    return reshape(maxPoolGradient(...flat, pictureWindow(attributes)), x.shape);
  }
  const [kH, kW] = kernel_shape as [number, number];
  if (kernel_shape.length === 2 && kH > 1 && kW > 1 && kH * kW > SMALL_WINDOW) {
    // The first row that holds the maximum, and the first place in it: the same winner.
    const along = [alongAxis(attributes, 0), alongAxis(attributes, 1)] as const;
    const rows = x.graph.apply(MaxPool, [x], along[1]);
    return maxPoolGradient(x, rows, maxPoolGradient(rows, y, g, along[0]), along[1]);
  }
  const shares = winners(x, y, attributes).map((won) => mul(g, cast(won, g.dtype)));
  return sendBack(shares, x, attributes);
}

/** One window, which is the whole plane. */
const coversPlane = (x: Tensor, y: Tensor, { kernel_shape, pads }: WindowAttributes): boolean =>
  pads.every((p) => p === 0) &&
  kernel_shape.every((size, k) => size === x.shape[k + 2] && y.shape[k + 2] === 1);

/** g at the first of each plane's largest places, zero elsewhere. */
function atLargest(x: Tensor, g: Tensor): Tensor {
  const [B, C, ...plane] = x.shape as [number, number, ...number[]];
  const size = sizeOf(plane);
  const largest = argMax(reshape(x, [B, C, size]), -1, true); // (B, C, 1)
  const places = x.graph.constant(
    Array.from({ length: size }, (_, i) => i),
    [size],
    "int64",
  );
  const put = where(equal(places, largest), reshape(g, [B, C, 1]), constantLike(g, 0));
  return reshape(put, x.shape);
}

/** [B, C, W] as a picture of height 1. */
const asPicture = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, x.shape[1]!, 1, x.shape[2]!]);

const pictureWindow = ({ kernel_shape, strides, pads, dilations }: WindowAttributes): WindowAttributes => ({
  kernel_shape: [1, ...kernel_shape],
  strides: [1, ...strides],
  pads: [0, pads[0]!, 0, pads[1]!],
  dilations: [1, ...dilations],
});

/** The same windows along one axis, as if they had size 1 along the others. */
function alongAxis(
  { kernel_shape, strides, pads, dilations }: WindowAttributes,
  axis: number,
): WindowAttributes {
  const only = (list: readonly number[], rest: number) =>
    list.map((value, k) => (k % kernel_shape.length === axis ? value : rest));
  return {
    kernel_shape: only(kernel_shape, 1),
    strides: only(strides, 1),
    pads: only(pads, 0),
    dilations: only(dilations, 1),
  };
}

/** Offsets of the window's places from its first, in row-major order, in units of the input. */
function offsets({ kernel_shape, dilations }: WindowAttributes): number[][] {
  const lists = kernel_shape.map((size, k) => Array.from({ length: size }, (_, u) => u * dilations[k]!));
  return lists.reduce<number[][]>(
    (heads, list) => heads.flatMap((head) => list.map((u) => [...head, u])),
    [[]],
  );
}

/** For each place of the window, where it holds the maximum and no earlier place does: bool, of y's shape each. */
function winners(x: Tensor, y: Tensor, attributes: WindowAttributes): Tensor[] {
  const { kernel_shape, pads } = attributes;
  const axes = kernel_shape.length;
  const padded = pad(
    x,
    [0, 0, ...pads.slice(0, axes)],
    [0, 0, ...pads.slice(axes)],
    Number.NEGATIVE_INFINITY,
  );
  let open: Tensor | null = null; // windows whose winner is still to come
  return offsets(attributes).map((starts) => {
    const holds = equal(readPlaces(padded, starts, y, attributes), y);
    const first: Tensor = open ? and(holds, open) : holds;
    open = open ? and(open, not(holds)) : not(holds);
    return first;
  });
}

/**
 * What the window's place `starts` reads in every window. Where rows overlap, a stride along the width is taken first, by itself,
 * since rows then share it: 11 ms rather than 21 for all nine places (4×64×112×112, 3×3, stride 2).
 */
function readPlaces(x: Tensor, starts: readonly number[], y: Tensor, attributes: WindowAttributes): Tensor {
  const { strides, kernel_shape } = attributes;
  const ends = starts.map((start, k) => start + (y.shape[k + 2]! - 1) * strides[k]! + 1);
  const planeAxes = starts.map((_, k) => k + 2);
  const overlap = kernel_shape.at(-2)! > strides.at(-2)!;
  if (!overlap || strides.at(-1) === 1) return slice(x, starts, ends, planeAxes, strides);
  const last = (list: readonly number[]) => list.slice(-1);
  const rest = (list: readonly number[]) => list.slice(0, -1);
  const columns = slice(x, last(starts), last(ends), last(planeAxes), last(strides));
  return slice(columns, rest(starts), rest(ends), rest(planeAxes), rest(strides));
}

/** Tiles of kernel size that cover the plane exactly: each input place belongs to one window. */
function tiles(x: Tensor, { kernel_shape, strides, pads, dilations }: WindowAttributes): boolean {
  return kernel_shape.every(
    (size, k) =>
      strides[k] === size &&
      dilations[k] === 1 &&
      pads[k] === 0 &&
      pads[k + kernel_shape.length] === 0 &&
      x.shape[k + 2]! % size === 0,
  );
}

/** Σ over window places of shares[place], each put where its place read from: x's shape. */
function sendBack(shares: readonly Tensor[], x: Tensor, attributes: WindowAttributes): Tensor {
  if (attributes.kernel_shape.length !== 2) return sendBackOneByOne(shares, x, attributes);
  return tiles(x, attributes) ? interleave(shares, x, attributes) : sendBackByConv(shares, x, attributes);
}

/**
 * Columns of a tile side by side, then rows of tiles. Two concatenations; measured 0.3 ms (128×8×28×28), where
 * DepthToSpace takes 0.8, a transposed convolution 0.6, and for a mean's equal shares Expand 2.5.
 */
function interleave(shares: readonly Tensor[], x: Tensor, { kernel_shape }: WindowAttributes): Tensor {
  const [kH, kW] = kernel_shape as [number, number];
  const [B, C, outH, outW] = shares[0]!.shape as [number, number, number, number];
  const rows = Array.from({ length: kH }, (_, u) => {
    const places = shares.slice(u * kW, (u + 1) * kW).map((share) => reshape(share, [B, C, outH, outW, 1]));
    return reshape(concat(places, 4), [B, C, outH, 1, outW * kW]);
  });
  const whole = reshape(concat(rows, 3), x.shape);
  if (kH * kW > 1) {
    x.graph.composites.set(whole, { name: "Interleave", inputs: shares, attributes: { kernel_shape } });
  }
  return whole;
}

/**
 * A transposed convolution whose kernels hold a single 1 each. With the winners, which take most of it, measured 23 ms
 * (4×64×112×112, 3×3, stride 2, padding 1) and 5 (8×64×28×28, stride 1), as much as sums of shifted shares; MaxPool's
 * own indices and ScatterElements take 24 and 7.5.
 */
function sendBackByConv(shares: readonly Tensor[], x: Tensor, attributes: WindowAttributes): Tensor {
  const { kernel_shape } = attributes;
  const taps = shares.length;
  const planes = shares.map((share) => reshape(share, [-1, 1, ...share.shape.slice(2)]));
  const oneHot = x.graph.constant(
    Array.from({ length: taps * taps }, (_, i) => Number(i % (taps + 1) === 0)),
    [taps, 1, ...kernel_shape],
    x.dtype,
  );
  return putBack(concat(planes, 1), oneHot, x, attributes);
}

/** The transposed convolution of planes [B·C, channels, …] with kernels [channels, 1, …], in x's shape. */
function putBack(planes: Tensor, kernels: Tensor, x: Tensor, attributes: WindowAttributes): Tensor {
  const { strides, pads } = attributes;
  const axes = strides.length;
  const outputPadding = strides.map((stride, k) => {
    const reached = stride * (planes.shape[k + 2]! - 1) + reachOf(attributes, k) - pads[k]! - pads[k + axes]!;
    return x.shape[k + 2]! - reached;
  });
  return reshape(convTranspose(planes, kernels, { ...optionsOf(attributes), outputPadding }), x.shape);
}

/** Each share spread by the stride, shifted to its place, and added: slow, for volumes. */
function sendBackOneByOne(shares: readonly Tensor[], x: Tensor, attributes: WindowAttributes): Tensor {
  const { strides, pads } = attributes;
  return offsets(attributes)
    .map((offset, tap) => {
      const wide = strides.reduce((share, stride, k) => spread(share, k + 2, stride), shares[tap]!);
      const before = offset.map((o, k) => o - pads[k]!);
      const after = before.map((b, k) => x.shape[k + 2]! - b - wide.shape[k + 2]!);
      return pad(wide, [0, 0, ...before], [0, 0, ...after]);
    })
    .reduce(add);
}

/**
 * dL/dx of the mean over windows of n places, padding counted: every window's g / n at each of its places.
 *
 * The places that hand back to one are a window too, turned by 180°: with stride 1 dx is again an AveragePool of g, padded
 * by reach − 1 − p. It costs what the forward pass does, 0.6 ms (4×256×13×13, 13×13). With other strides, or dilation, it is a
 * transposed convolution with a kernel of equal shares: 6 ms (4×64×112×112, 3×3, stride 2), where zeros put between g's
 * places and an AveragePool take 30.
 */
export function averagePoolGradient(x: Tensor, g: Tensor, attributes: WindowAttributes): Tensor {
  const { kernel_shape, strides, pads, dilations } = attributes;
  const taps = sizeOf(kernel_shape);
  if (coversPlane(x, g, attributes)) return expand(mul(g, 1 / taps), x.shape);
  if (kernel_shape.length === 1)
    return reshape(averagePoolGradient(asPicture(x), asPicture(g), pictureWindow(attributes)), x.shape);
  if (kernel_shape.length === 2 && tiles(x, attributes))
    return interleave(new Array(taps).fill(mul(g, 1 / taps)), x, attributes);
  if (!strides.concat(dilations).every((n) => n === 1)) {
    const shares = constantLike(x, 1 / taps, [1, 1, ...kernel_shape]);
    return putBack(reshape(g, [-1, 1, ...g.shape.slice(2)]), shares, x, attributes);
  }
  const before = kernel_shape.map((_, k) => reachOf(attributes, k) - 1 - pads[k]!);
  const after = before.map((b, k) => x.shape[k + 2]! + reachOf(attributes, k) - 1 - g.shape[k + 2]! - b);
  const padded = pad(g, [0, 0, ...before], [0, 0, ...after]);
  return x.graph.apply(AveragePool, [padded], {
    kernel_shape,
    strides,
    pads: pads.map(() => 0),
    dilations,
    count_include_pad: 1,
  });
}

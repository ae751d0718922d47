/**
 * How the gradients of a convolution are computed: the input's as a convolution or its transpose, the weight's as matrix
 * products of shifted copies. Each is a choice between compositions that give the same numbers, made by measurement with
 * ONNX Runtime on one thread (AVX-512). Rules in `convolution.ts` call these; layouts are named there.
 */
import type { Rule, Tensor } from "../graph.ts";
import { type Shape, sizeOf } from "../shapes.ts";
import { mul } from "./arithmetic.ts";
import { type ConvAttributes, ConvTranspose, conv } from "./convolution.ts";
import { flip, pad, slice } from "./indexing.ts";
import { gemm, matmul } from "./matmul.ts";
import { reduceSum } from "./reduction.ts";
import { concat, reshape, swapLastAxes, transpose } from "./shape.ts";
import { optionsOf, reachOf } from "./windows.ts";

/**
 * dL/dx of y = conv(x, w), given g = dL/dy.
 *
 * With stride 1 it is a plain Conv with the kernel turned by 180° and its channel axes exchanged within each group, padded
 * by reach − 1 − p; with other strides it is the transposed convolution.
 *
 * Measured, ms, 8 images, 3×3 kernels (channels, size):     Conv    ConvTranspose
 *   per channel, 32, 112                                     4.7         9.6
 *   per channel, 960, 7                                      1.6         1.8
 *   in 5 groups of 24, 28                                    2.7         3.2
 *   per channel, 96, 112, stride 2 (zeros put between g)    61          20
 *   1×1 kernel, 512 → 256, 56, stride 2                     37          12
 */
export function convInputGradient(g: Tensor, w: Tensor, x: Tensor, attributes: ConvAttributes): Tensor {
  const { strides, pads, group } = attributes;
  const axes = strides.length;
  const opposite = pads.map((p, k) => reachOf(attributes, k % axes) - 1 - p);
  if (strides.every((s) => s === 1) && opposite.every((p) => p >= 0)) {
    const planeAxes = strides.map((_, k) => k + 2);
    const turned = flip(exchangeChannels(w, group), planeAxes);
    if (group === 1 && turned !== w)
      w.graph.composites.set(turned, { name: "TurnedKernel", inputs: [w], attributes: {} });
    return conv(g, turned, undefined, {
      padding: opposite,
      dilation: attributes.dilations,
      groups: group,
    });
  }
  // rows and columns of x that no window reached, at the bottom and on the right
  const output_padding = strides.map(
    (stride, k) =>
      x.shape[k + 2]! -
      (stride * (g.shape[k + 2]! - 1) + reachOf(attributes, k) - pads[k]! - pads[k + axes]!),
  );
  return g.graph.apply(ConvTranspose, [g, w], { ...attributes, output_padding });
}

/** [M, C/groups, …] → [C, M/groups, …] */
function exchangeChannels(w: Tensor, group: number): Tensor {
  const [M, C, ...kernel] = w.shape as [number, number, ...number[]];
  if (group === 1) return transpose(w, [1, 0, ...kernel.map((_, k) => k + 2)]);
  const grouped = reshape(w, [group, M / group, C, ...kernel]);
  const exchanged = transpose(grouped, [0, 2, 1, ...kernel.map((_, k) => k + 3)]);
  return reshape(exchanged, [group * C, M / group, ...kernel]);
}

/** Below this many rows a product is too thin for the matrix kernel, and the kernel's rows are joined into one product. */
const THIN = 16;

/**
 * dL/dw of y = conv(x, w), given g = dL/dy:  dw[m, c, u, v] = Σ over b, i, j of x[b, c, i·s + u·d, j·s + v·d] · g[b, m, i, j]
 * (x padded). A sequence is a picture of height 1, a volume a sum over its depth; a picture's is one of four compositions:
 *
 *   a kernel per channel, stride 1    Σ of products, one for each of the kernel's places
 *   a kernel per channel, otherwise   a convolution of every channel of every image with its g, summed over the images
 *   small pictures, many channels     a product per row of the kernel, over all images at once
 *   else                              a product per row of the kernel and image, summed over the images
 *
 * Measured, ms, 8 images, a kernel per channel (channels, size; stride):
 *
 *                                32, 112, 3×3    96, 112, 3×3; 2    240, 14, 5×5    960, 7, 3×3
 *   Σ of products                     15               58               4.4             2.7
 *   a convolution                     23               20               4.6             3.0
 *   products per kernel row           18 ¹             32               7.4             4.0
 *                                                                   ¹ and 630 MB beside 160
 */
export const convWeightGradient = (x: Tensor, g: Tensor, w: Tensor, attributes: ConvAttributes): Tensor =>
  weightGradient(x, g, w.shape, attributes);

function weightGradient(x: Tensor, g: Tensor, weight: Shape, attributes: ConvAttributes): Tensor {
  const axes = attributes.strides.length;
  if (axes === 1) return ofSequences(x, g, weight, attributes);
  if (axes === 3) return ofVolumes(x, g, weight, attributes);
  const slope = ofPictures(x, g, attributes)(x, g, weight, attributes);
  g.graph.composites.set(slope, {
    name: "ConvWeightGradient",
    inputs: [x, g],
    attributes,
    gradient: ofWeightGradient as readonly Rule[],
  });
  return slope;
}

/** Which of the compositions pays. */
function ofPictures(x: Tensor, g: Tensor, { group, strides, kernel_shape }: ConvAttributes) {
  const [C, M] = [x.shape[1]!, g.shape[1]!];
  const places = sizeOf(g.shape.slice(2));
  if (group > 1 && group === C && group === M) {
    const fewTaps = sizeOf(kernel_shape) <= places;
    return fewTaps && strides.every((s) => s === 1) ? perChannelByProducts : perChannelByConv;
  }
  // what one writes more of: a product [C, M] for every image, or the channels of all images moved to the front
  return group === 1 && C * M > places * (C + M) ? acrossImages : perImage;
}

/** The sum of products x·g is linear in both, and with v in place of dw these are the convolution's own other two products. */
const ofWeightGradient: readonly Rule<ConvAttributes>[] = [
  // y(dw) = Σ v·dw ⇒ dy/dx = the transposed convolution of g with v
  ({ inputs: [x, g], attributes, gradient: v }) => convInputGradient(g, v, x, attributes),
  // dy/dg = the convolution of x with v
  ({ inputs: [x], attributes, gradient: v }) =>
    conv(x, v, undefined, { ...optionsOf(attributes), groups: attributes.group }),
];

/** [B, C, W] as a picture of height 1. */
function ofSequences(x: Tensor, g: Tensor, weight: Shape, attributes: ConvAttributes): Tensor {
  const { kernel_shape, strides, pads, dilations } = attributes;
  const flat = (t: Tensor) => reshape(t, [t.shape[0]!, t.shape[1]!, 1, t.shape[2]!]);
  const slope = weightGradient(flat(x), flat(g), [weight[0]!, weight[1]!, 1, weight[2]!], {
    kernel_shape: [1, ...kernel_shape],
    strides: [1, ...strides],
    pads: [0, pads[0]!, 0, pads[1]!],
    dilations: [1, ...dilations],
    group: attributes.group,
  });
  return reshape(slope, weight);
}

/** For each place of the kernel along the depth: the slices of x that it reads, and g's, are pictures of one long batch. */
function ofVolumes(x: Tensor, g: Tensor, weight: Shape, attributes: ConvAttributes): Tensor {
  const { kernel_shape, strides, pads, dilations } = attributes;
  const [B, , depth] = g.shape as [number, number, number];
  const pictures = (t: Tensor) =>
    reshape(transpose(t, [0, 2, 1, 3, 4]), [B * depth, t.shape[1]!, ...t.shape.slice(3)]);
  const padded = pad(x, [0, 0, pads[0]!, 0, 0], [0, 0, pads[3]!, 0, 0]);
  const behind = {
    kernel_shape: kernel_shape.slice(1),
    strides: strides.slice(1),
    pads: [pads[1]!, pads[2]!, pads[4]!, pads[5]!],
    dilations: dilations.slice(1),
    group: attributes.group,
  };
  const flat = [...weight.slice(0, 2), ...weight.slice(3)];
  const slopes = Array.from({ length: kernel_shape[0]! }, (_, t) => {
    const from = t * dilations[0]!;
    const read = slice(padded, [from], [from + stretch(depth, strides[0]!)], [2], [strides[0]!]);
    const slope = weightGradient(pictures(read), pictures(g), flat, behind);
    return reshape(slope, [...weight.slice(0, 2), 1, ...weight.slice(3)]);
  });
  return concat(slopes, 2);
}

/** Places that `size` steps reach over. */
const stretch = (size: number, stride: number): number => (size - 1) * stride + 1;

const padPlane = (x: Tensor, { pads }: ConvAttributes): Tensor =>
  pad(x, [0, 0, pads[0]!, pads[1]!], [0, 0, pads[2]!, pads[3]!]);

/** dw[c, u, v] = Σ over b, i, j of x[b, c, i + u·d, j + v·d] · g[b, c, i, j]: slice, multiply, sum. */
function perChannelByProducts(x: Tensor, g: Tensor, weight: Shape, attributes: ConvAttributes): Tensor {
  const { kernel_shape, dilations } = attributes;
  const [kH, kW] = kernel_shape as [number, number];
  const [outH, outW] = g.shape.slice(2) as [number, number];
  const padded = padPlane(x, attributes);
  const sums = Array.from({ length: kH * kW }, (_, tap) => {
    const [top, left] = [Math.floor(tap / kW) * dilations[0]!, (tap % kW) * dilations[1]!];
    const read = slice(padded, [top, left], [top + outH, left + outW], [2, 3]);
    return reshape(reduceSum(mul(read, g), [0, 2, 3]), [x.shape[1]!, 1]);
  });
  return reshape(concat(sums, 1), weight);
}

/** Each image's channel is a picture, its g a kernel: stride and dilation change places, and Conv's own place is dw's. */
function perChannelByConv(x: Tensor, g: Tensor, weight: Shape, attributes: ConvAttributes): Tensor {
  const { kernel_shape, strides, dilations, pads } = attributes;
  const [B, C] = x.shape as [number, number];
  const slopes = conv(
    reshape(x, [1, B * C, ...x.shape.slice(2)]),
    reshape(g, [B * C, 1, ...g.shape.slice(2)]),
    undefined,
    { padding: pads, dilation: strides, stride: dilations, groups: B * C },
  );
  // rows and columns beyond the kernel's, where the stride left a rest of x unread
  const cropped = slice(slopes, [0, 0], kernel_shape, [2, 3]);
  return reshape(reduceSum(reshape(cropped, [B, C, ...kernel_shape]), [0]), weight);
}

/**
 * A product per row of the kernel (or part of one), over all images at once; channels come first for it:
 *
 *   x [C, B, H, W]  →  columns [kW·C, B, H, outW]  →  rows u, u + s, …  [kW·C, B·P]  ·  gᵀ [B·P, M]      P = outH·outW
 *
 * Measured, ms (batch, channels in → out, size; kernel):
 *
 *                      32, 960→160, 7; 1×1    16, 512→2048, 7; 1×1    8, 24→144, 56; 1×1
 *   across images              2.2                     7.1                    1.4
 *   image by image             3.5                    20                      1.0
 */
function acrossImages(x: Tensor, g: Tensor, weight: Shape, attributes: ConvAttributes): Tensor {
  const [kH, kW] = attributes.kernel_shape as [number, number];
  const [B, M, outH, outW] = g.shape as [number, number, number, number];
  const C = x.shape[1]!;
  const channelsFirst = transpose(padPlane(x, attributes), [1, 0, 2, 3]);
  const errors = reshape(transpose(g, [1, 0, 2, 3]), [M, B * outH * outW]);
  const rows = kernelRows(channelsFirst, 0, outH, outW, attributes).map((row) =>
    reshape(row, [-1, B * outH * outW]),
  );
  if (kH * kW === 1) return reshape(gemm(errors, rows[0]!, { transB: 1 }), weight);
  const products = rows.map((row) => gemm(row, errors, { transB: 1 }));
  const stacked = reshape(concat(products, 0), [kH, kW, C, M]);
  return reshape(transpose(stacked, [3, 2, 0, 1]), weight);
}

/**
 * A product per row of the kernel (or part of one) and image, of copies of x, shifted along the width, with g (G groups, C channels):
 *
 *   columns [B, G, kW·C, H, outW]  →  rows u, u + s, …  [B, G, kW·C, P]  →  Σ_b  rows [B, G, kW·C, P] · gᵀ [B, G, P, M]
 *
 * Measured, ms on one thread, 3×3 kernels (batch, channels in → out, size):
 *
 *                                        64, 16→16, 32   64, 32→32, 16   64, 64→64, 8   128, 8→16, 14   128, 1→8, 28
 *   as here                                   3.9             2.3            2.3            0.76            0.66
 *   product the other way round               4.4             2.5            2.3            0.88            0.95
 *   all nine shifts in one product            6.4             3.7            2.7            0.85            0.47  ← hence THIN
 *   g shifted along the height instead        5.1             2.7            2.6            1.14            1.29
 *
 * A 1×1 kernel has one row, and the product the other way round, g · xᵀ, is dw as it stands (8, 64→256, 56: 3.7 rather than
 * 4.8 ms; 8, 256→512, 56, stride 2: 8.9 rather than 11).
 */
function perImage(x: Tensor, g: Tensor, weight: Shape, attributes: ConvAttributes): Tensor {
  const { kernel_shape, group: G } = attributes;
  const [kH, kW] = kernel_shape as [number, number];
  const [B, M, outH, outW] = g.shape as [number, number, number, number];
  const C = x.shape[1]! / G; // channels per group
  const padded = padPlane(x, attributes);
  const grouped = reshape(padded, [B, G, C, ...padded.shape.slice(2)]);
  const rows = kernelRows(grouped, 2, outH, outW, attributes).map((row) =>
    reshape(row, [B, G, -1, outH * outW]),
  );
  const shares = reshape(g, [B, G, M / G, outH * outW]);
  if (kH * kW === 1) return reshape(reduceSum(matmul(shares, swapLastAxes(rows[0]!)), [0]), weight);
  const errors = swapLastAxes(shares); // ONNX Runtime fuses this into the product
  const products = (kW * C < THIN ? [concat(rows, 2)] : rows).map((row) =>
    reduceSum(matmul(row, errors), [0]),
  );
  const stacked = reshape(concat(products, 1), [G, kH, kW, C, M / G]);
  return reshape(transpose(stacked, [0, 4, 3, 1, 2]), weight);
}

/**
 * What the kernel's places read in every window, row by row, columns side by side on the `channels` axis. The width is
 * shifted first and once for all rows, which costs kW strided copies; a row is then a stretch of memory.
 */
function kernelRows(
  x: Tensor,
  channels: number,
  outH: number,
  outW: number,
  { kernel_shape, strides, dilations }: ConvAttributes,
): Tensor[] {
  const [kH, kW] = kernel_shape as [number, number];
  const [height, width] = [x.rank - 2, x.rank - 1];
  if (kH === 1 && kW === 1) {
    const ends = [stretch(outH, strides[0]!), stretch(outW, strides[1]!)];
    return [slice(x, [0, 0], ends, [height, width], strides)];
  }
  const shifted = Array.from({ length: kW }, (_, v) => {
    const from = v * dilations[1]!;
    return slice(x, [from], [from + stretch(outW, strides[1]!)], [width], [strides[1]!]);
  });
  const together = columnsTogether(x, x.shape[channels]!, kW);
  const columns = Array.from({ length: Math.ceil(kW / together) }, (_, k) =>
    concat(shifted.slice(k * together, (k + 1) * together), channels),
  );
  return Array.from({ length: kH }, (_, u) => {
    const from = u * dilations[0]!;
    const end = from + stretch(outH, strides[0]!);
    return columns.map((column) => slice(column, [from], [end], [height], [strides[0]!]));
  }).flat();
}

/** Elements of all shifted copies that a processor's cache holds. */
const CACHED = 2 ** 20;

/**
 * How many of the kernel's columns make one product. All of them where that stays small, since there are fewer operators to set up
 * then; else about 96 rows, and from 64 channels on each column its own: as fast, for less memory. Measured, ms of all columns
 * together → each its own, and MB taken: 8, 128→128, 17, 7×7: 37 → 29; 8, 256→256, 28, 3×3: 55 → 51; a sequence, 2, 768→768 in
 * 16 groups, 500, 128: 129 → 113, 1700 → 140.
 */
function columnsTogether(x: Tensor, channels: number, kW: number): number {
  if (x.size * kW <= CACHED) return kW;
  const most = channels >= 64 ? 1 : Math.max(1, Math.floor(96 / channels));
  return Math.ceil(kW / Math.ceil(kW / most));
}

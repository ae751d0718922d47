/**
 * The blocked layout of image tensors, b the block size (16 where vectors have 512 bits, else mostly 8):
 *
 *   plain    x[B, C, H, W]
 *   blocked  x[B/b, C/b, H, W, b images, b channels]
 *
 * The innermost b channels are what ONNX Runtime's convolution kernels multiply at once. The b images outside them are our
 * addition: seen as one image of width W·b, on which a kernel of dilation b slides, they are convolved like any other;
 * and as they stand, they are the kernel of the convolution that gives the weight gradient (`rules.ts`).
 *
 * All conversions are exchanges of two axes, the form that ONNX Runtime does at memory speed.
 * Source of the filter's form: MlasReorderFilterOIHWBiBo, onnxruntime/core/mlas/lib/reorder.cpp.
 */
import type { Tensor } from "../graph.ts";
import { concat, constantLike, expand, flip, pad, reshape, transpose } from "../ops/index.ts";
import { sizeOf } from "../shapes.ts";
import { gatherChannels } from "./conv.ts";

/** Exchange the two middle ones of the four axes given by their sizes. */
const exchange = (x: Tensor, sizes: readonly [number, number, number, number]): Tensor =>
  transpose(reshape(x, sizes), [0, 2, 1, 3]);

/** The same memory as images [B/b, C, H, W·b], b of them side by side, their channels in blocks: what the kernels take. */
export function asPictures(x: Tensor): Tensor {
  const [Q, K, H, W, b] = x.shape as [number, number, number, number, number];
  return reshape(x, [Q, K * b, H, W * b]);
}

/** Back from pictures: [B/b, C, H, W·b] → [B/b, C/b, H, W, b, b] */
export function asBlocks(x: Tensor, b: number): Tensor {
  const [Q, C, H, W] = x.shape as [number, number, number, number];
  return reshape(x, [Q, C / b, H, W / b, b, b]);
}

/**
 * Blocks of rows × columns phases, row by row, put between each other: phase (u, v) holds the places (rows·i + u, columns·j + v).
 * Null stands for zeros, and at least one is none.
 */
export function interleave(
  phases: readonly (Tensor | null)[],
  [rows, columns]: readonly [number, number],
): Tensor {
  const [Q, K, H, W, b] = phases.find((phase) => phase !== null)!.shape as [
    number,
    number,
    number,
    number,
    number,
  ];
  const wide = Array.from({ length: rows }, (_, u) => {
    const row = phases.slice(u * columns, (u + 1) * columns);
    return sideBySide(row, [Q * K, H, W, 1, b * b], 3);
  });
  const whole = sideBySide(wide, [Q * K, H, 1, W * columns * b * b], 2)!;
  return reshape(whole, [Q, K, H * rows, W * columns, b, b]);
}

/** Parts of the shape given, whose `axis` has size 1, joined along it. Null where all are zeros; zeros at the end are padding. */
function sideBySide(
  parts: readonly (Tensor | null)[],
  shape: readonly number[],
  axis: number,
): Tensor | null {
  const last = parts.findLastIndex((part) => part !== null);
  if (last < 0) return null;
  const pieces = parts
    .slice(0, last + 1)
    .map((part) => (part ? reshape(part, shape) : constantLike(parts[last]!, 0, shape)));
  const along = (size: number) => shape.map((_, k) => (k === axis ? size : 0));
  return pad(concat(pieces, axis), along(0), along(parts.length - 1 - last));
}

/** Whether [B, C, H, W] divides into blocks. */
export const divides = (shape: readonly number[], b: number): boolean =>
  shape.length === 4 && shape[0]! % b === 0 && shape[1]! % b === 0;

/** [B, C, H, W] → [B/b, C/b, H, W, b, b] */
export function toBlocks(x: Tensor, b: number): Tensor {
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const imagesInside = exchange(gatherChannels(x, b), [B / b, b, (C / b) * H * W, b]);
  return reshape(imagesInside, [B / b, C / b, H, W, b, b]);
}

/** [B/b, C/b, H, W, b, b] → [B, C, H, W] */
export function fromBlocks(x: Tensor): Tensor {
  const [Q, K, H, W, b] = x.shape as [number, number, number, number, number];
  const imagesOutside = exchange(x, [Q, K * H * W, b, b]);
  const channelsOutside = exchange(imagesOutside, [Q * b * K, H * W, b, 1]);
  return reshape(channelsOutside, [Q * b, K * b, H, W]);
}

/**
 * A tensor that broadcasts to [B, C, H, W], in a form that broadcasts to the blocked one. What varies inside a block is
 * spelled out over the whole block: the repeated stretches are then b² elements long, not b.
 */
export function repeatedBlocks(x: Tensor, b: number): Tensor {
  if (x.size === 1) return reshape(x, []);
  const [B, C, H, W] = [1, 1, 1, 1, ...x.shape].slice(-4) as [number, number, number, number];
  const [b1, c1] = [B === 1 ? 1 : b, C === 1 ? 1 : b];
  const parts = transpose(reshape(x, [B / b1, b1, C / c1, c1, H, W]), [0, 2, 4, 5, 1, 3]);
  return b1 === c1 ? parts : expand(parts, [B / b1, C / c1, H, W, b, b]);
}

/**
 * Weights [M, C, kH, kW] in the order that blocked kernels read, the shape's name unchanged: [M/b, C/b, kH, kW, b of C, b of M],
 * or [M/b, C, kH, kW, b of M] for fewer than b channels.
 */
export function blockFilter(w: Tensor, b: number): Tensor {
  const [M, C] = w.shape as [number, number];
  const taps = sizeOf(w.shape.slice(2));
  const outputsLast = exchange(w, [M / b, b, C * taps, 1]); // (M/b, C·taps, b)
  if (C < b) return reshape(outputsLast, w.shape);
  return reshape(exchange(outputsLast, [(M / b) * (C / b), b, taps, b]), w.shape);
}

/**
 * The filter of weights [C, M, kH, kW] that are w [M, C, kH, kW] turned by 180° with its channel axes exchanged, as input gradients
 * need them. Of w's own filter, which the forward pass made: 256 channels 0.3 ms more, where turning w first takes 1.7.
 */
export function turnedFilter(w: Tensor, b: number): Tensor {
  const [M, C, kH, kW] = w.shape as [number, number, number, number];
  const rows = reshape(blockFilter(w, b), [M / b, C / b, kH * kW, b * b]);
  const exchanged = transpose(flip(rows, [2]), [1, 0, 2, 3]); // (C/b, M/b, taps, b of C, b of M)
  const inside = transpose(reshape(exchanged, [((M * C) / (b * b)) * kH * kW, b, b]), [0, 2, 1]);
  return reshape(inside, [C, M, kH, kW]);
}

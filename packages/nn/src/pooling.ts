/**
 * Pooling over images [B, C, H, W] and signals [B, C, L], and upsampling, which undoes its change of size. Semantics, names and
 * defaults are torch.nn's.
 */
import {
  globalAveragePool as averagePlanes,
  averagePool,
  expand,
  matmul,
  maxPool,
  type Pair,
  reduceMax,
  reshape,
  resize,
  type Tensor,
  transpose,
  type WindowOptions,
} from "@thalweg/graph";
import { lambda, requireCounts } from "./layers.ts";
import type { Module } from "./module.ts";

/** Largest value of each window; the stride is the kernel's size when left out. */
export const maxPool2d = (kernel: Pair, options: WindowOptions = {}): Module =>
  lambda((x) => maxPool(x, kernel, options));

/** Mean of each window; the stride is the kernel's size when left out. */
export const averagePool2d = (kernel: Pair, options: Omit<WindowOptions, "dilation"> = {}): Module =>
  lambda((x) => averagePool(x, kernel, options));

/** Options along one axis; the stride is the kernel's size when left out. */
export interface LineOptions {
  readonly stride?: number;
  readonly padding?: number;
}

/** Largest value of each window of [B, C, L]. */
export const maxPool1d = (kernel: number, options: LineOptions = {}): Module =>
  lambda((x) => maxPool(x, kernel, options));

/** Mean of each window of [B, C, L]. */
export const averagePool1d = (kernel: number, options: LineOptions = {}): Module =>
  lambda((x) => averagePool(x, kernel, options));

/** Mean of each plane: [B, C, H, W] → [B, C, 1, 1]. */
export const globalAveragePool = (): Module => lambda((x) => averagePlanes(x));

/** Largest value of each plane: [B, C, H, W] → [B, C, 1, 1]. */
export const globalMaxPool = (): Module => lambda((x) => reduceMax(x, [2, 3], true));

/**
 * Means of a grid of h × w parts, whatever the image's size: [B, C, H, W] → [B, C, h, w].
 *
 *   part i of h takes rows ⌊i H / h⌋ … ⌈(i + 1) H / h⌉ − 1           parts overlap where h does not divide H
 */
export function adaptiveAveragePool2d(size: Pair): Module {
  const [h, w] = typeof size === "number" ? [size, size] : size;
  requireCounts("adaptiveAveragePool2d", { height: h, width: w });
  return lambda((x) => {
    const [, , H, W] = x.shape as [number, number, number, number];
    if (H === h && W === w) return x;
    if (h === 1 && w === 1) return averagePlanes(x);
    if (H % h === 0 && W % w === 0) return averagePool(x, [H / h, W / w]);
    const rows = matmul(averaging(x, h, H), x); // (B, C, h, W)
    return matmul(rows, transpose(averaging(x, w, W)));
  });
}

/** The matrix [parts, size] whose product with a column of `size` values gives the mean of each part. */
function averaging({ graph, dtype }: Tensor, parts: number, size: number): Tensor {
  const share = (part: number, i: number) => {
    const [first, end] = [Math.floor((part * size) / parts), Math.ceil(((part + 1) * size) / parts)];
    return first <= i && i < end ? 1 / (end - first) : 0;
  };
  const values = Array.from({ length: parts * size }, (_, k) => share(Math.floor(k / size), k % size));
  return graph.constant(values, [parts, size], dtype);
}

/** Each value repeated to a block: [B, C, H, W] → [B, C, H·scale, W·scale]; torch's Upsample with mode nearest. */
export function upsampleNearest2d(scale: Pair): Module {
  const [sH, sW] = typeof scale === "number" ? [scale, scale] : scale;
  requireCounts("upsampleNearest2d", { scaleHeight: sH, scaleWidth: sW });
  return lambda((x) => {
    const [B, C, H, W] = x.shape as [number, number, number, number];
    const repeated = expand(reshape(x, [B, C, H, 1, W, 1]), [B, C, H, sH, W, sW]);
    return reshape(repeated, [B, C, H * sH, W * sW]);
  });
}

/** Values between pixels, linear along both axes, edges repeated; torch's Upsample with mode bilinear and align_corners False. */
export function upsampleBilinear2d(scale: Pair): Module {
  const [sH, sW] = typeof scale === "number" ? [scale, scale] : scale;
  requireCounts("upsampleBilinear2d", { scaleHeight: sH, scaleWidth: sW });
  return lambda((x) => resize(x, { scales: [1, 1, sH, sW] }, { mode: "linear" }));
}

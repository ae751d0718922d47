/**
 * How each operator is computed in blocks: one rule per operator (or composite), by name, and one for all that work
 * element by element. A rule answers with its output's new form, or with the reason why the operator stays as it is.
 *
 * Read after `layout.ts`. b images and b channels to a block; Q = B/b and K = C/b count the blocks.
 */
import type { Tensor } from "../graph.ts";
import {
  add,
  type ConvAttributes,
  concat,
  constantLike,
  expand,
  matmul,
  max,
  mul,
  reduceSum,
  reshape,
  type SliceAttributes,
  slice,
  transpose,
} from "../ops/index.ts";
import type { ReduceAttributes } from "../ops/reduction.ts";
import type { WindowAttributes } from "../ops/windows.ts";
import * as affine from "./affine.ts";
import { type BlockedConvAttributes, blockedConv, gatherChannels } from "./conv.ts";
import { blockFilter } from "./layout.ts";
import { elementwise, type Forms, type Lowered, type LoweringRule, type Step, unchanged } from "./step.ts";

/** Why a convolution x [B, C, H, W] → y [B, M, …] cannot run in blocks, or null when it can. */
function obstacle(x: Tensor, y: Tensor, { group, strides }: ConvAttributes, b: number): string | null {
  const [B, C] = x.shape as [number, number];
  const M = y.shape[1]!;
  if (x.rank !== 4) return `it slides over ${x.rank - 2} axes, not 2`;
  if (x.dtype !== "float32") return `its kernels are for float32, not ${x.dtype}`;
  if (group !== 1) return `it has ${group} groups`;
  if (strides.some((s) => s !== 1)) return `its stride is [${strides}]`;
  if (B % b !== 0) return `its batch of ${B} is no multiple of ${b}`;
  if (M % b !== 0) return `its ${M} output channels are no multiple of ${b}`;
  if (C >= b && C % b !== 0) return `its ${C} input channels are no multiple of ${b}`;
  return null;
}

/** [B, C, H, W] of fewer than b channels with the images of a block side by side: [Q, C, H, W·b]. */
function interleaveImages(x: Tensor, b: number): Tensor {
  const [B, C, H, W] = x.shape as [number, number, number, number];
  return reshape(transpose(reshape(x, [B / b, b, C * H * W]), [0, 2, 1]), [B / b, C, H, W * b]);
}

/** b images side by side are one image of width W·b, and neighbours on it are b places apart. */
function convolve(
  { inputs, attributes, output }: Step<ConvAttributes>,
  forms: Forms,
  activation?: "Relu",
): Lowered {
  const { b } = forms;
  const [x, w, ...bias] = inputs as readonly Tensor[] as readonly [Tensor, Tensor, ...Tensor[]];
  const reason = obstacle(x, output, attributes, b);
  if (reason) return { reason };
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const wide = C < b ? interleaveImages(forms.plain(x), b) : reshape(forms.blocks(x), [B / b, C, H, W * b]);
  const { pads, dilations } = attributes;
  const window: Partial<BlockedConvAttributes> = {
    pads: pads.map((p, k) => (k % 2 === 1 ? p * b : p)),
    dilations: [dilations[0]!, dilations[1]! * b],
    ...(activation && { activation }),
  };
  const operands = [wide, blockFilter(forms.plain(w), b), ...bias.map((x) => forms.plain(x))];
  const y = blockedConv(operands, b, window);
  const [, M, outH, outW] = output.shape as [number, number, number, number];
  return { blocks: reshape(y, [B / b, M / b, outH, outW, b, b]) };
}

/**
 * dL/dw[m, c, u, v] = Σ over images i, places p of g[i, m, p] · x[i, c, p + (u, v)] is a convolution too: summed over images as
 * if they were channels, with g for its kernel, as large as the picture. In blocks g needs no rearranging for that:
 *
 *   kernel  g [Q groups · M, b images, outH, outW], in the order [Q, M/b, outH, outW, b images, b channels]: as it stands
 *   input   x [K, B images, H, W·b], one row holding every place with its b channels, images innermost; dilation b
 *   output  [K, Q·M, kH, kW·b]: for every block of channels c, kernel place and c; summed over Q
 *
 * so x is padded along the width and its innermost b×b are transposed. Fewer than b channels are one block of C.
 *
 * Measured alone on one thread, 64 images, in ms (the composition of `convWeightGradient` → this, operands in their layouts):
 * 16 channels at 32×32 4.2 → 2.1, 32 at 16×16 2.4 → 1.2, 64 at 8×8 2.4 → 1.1.
 */
function weightGradient({ inputs, attributes, output }: Step<ConvAttributes>, forms: Forms): Lowered {
  const { b } = forms;
  const [x, g] = inputs;
  const reason = obstacle(x, g, attributes, b);
  if (reason) return { reason };
  const { pads, dilations, kernel_shape } = attributes;
  if (dilations[1] !== 1) return { reason: `its dilation along the width is ${dilations[1]}` };
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const [, M, outH, outW] = g.shape as [number, number, number, number];
  const [kH, kW] = kernel_shape as [number, number];
  const Q = B / b;
  const c = Math.min(C, b); // channels to a block
  const K = C / c;
  const padWidth = (rows: Tensor, place: number) =>
    concat([...zeros(rows, pads[1]! * place), rows, ...zeros(rows, pads[3]! * place)], 1);
  const paddedW = W + pads[1]! + pads[3]!;
  let places: Tensor;
  if (C < b) {
    const imagesInside = transpose(reshape(forms.plain(x), [Q, b, C, H * W]), [0, 3, 2, 1]); // (Q, H·W, C, b)
    places = padWidth(reshape(imagesInside, [Q * H, W * c * b]), c * b);
  } else {
    const blocksOutside = transpose(reshape(forms.blocks(x), [Q, K, H * W * b * b]), [1, 0, 2]);
    const rows = padWidth(reshape(blocksOutside, [K * Q * H, W * b * b]), b * b);
    places = gatherChannels(reshape(rows, [K * Q * H * paddedW, b, b, 1]), b);
  }
  const input = reshape(places, [K, B, H, paddedW * c]);
  const kernel = reshape(forms.blocks(g), [Q * M, b, outH, outW]);
  const slopes = blockedConv([input, kernel], b, {
    strides: [dilations[0]!, 1],
    pads: [pads[0]!, 0, pads[2]!, 0],
    dilations: [1, c],
    group: Q,
  });
  const summed = reduceSum(reshape(slopes, [K, Q, M / b, kH * kW, c, b]), [1]);
  const tapsLast = transpose(reshape(summed, [(K * M) / b, kH * kW, c, b]), [0, 2, 1, 3]); // (K·M/b, c, taps, b)
  const outputsFirst = transpose(reshape(tapsLast, [(K * M) / b, c * kH * kW, b]), [0, 2, 1]); // (K·M, c·taps)
  const together = transpose(reshape(outputsFirst, [K, M, c * kH * kW]), [1, 0, 2]);
  return { plain: reshape(together, output.shape) };
}

/** n columns of zeros beside the rows, none for n = 0. To concatenate them is to pad, but on all threads. */
const zeros = (rows: Tensor, n: number): Tensor[] =>
  n > 0 ? [constantLike(rows, 0, [rows.shape[0]!, n])] : [];

/** Sums over places, as a product with a row of ones: x [n, P, m] → [n, m]. */
function sumPlaces(x: Tensor, n: number, P: number, m: number): Tensor {
  const ones = expand(constantLike(x, 1), [1, P]);
  return reshape(matmul(ones, reshape(x, [n, P, m])), [n, m]);
}

/** Sums of blocks over height and width, and over the batch too where asked for. */
function sumBlocks(x: Tensor, acrossBatch: boolean): Tensor {
  const [Q, K, H, W, b] = x.shape as [number, number, number, number, number];
  if (acrossBatch) return reduceSum(reshape(sumPlaces(x, Q * K, H * W * b, b), [Q, K, b]), [0]); // (K, b)
  return transpose(reshape(sumPlaces(x, Q * K, H * W, b * b), [Q, K, b, b]), [0, 2, 1, 3]); // (Q, b, K, b)
}

const reduce =
  (mean: boolean): LoweringRule<ReduceAttributes> =>
  ({ inputs: [x], attributes: { axes }, output }, forms) => {
    if (!forms.inBlocks(x) || x.dtype !== "float32") return unchanged;
    const blocks = forms.blocks(x);
    const over = axes.join();
    if (over === "0,1,2,3") return { plain: reshape(scaled(reduceSum(blocks)), output.shape) };
    if (over === "0,2,3") return { plain: reshape(scaled(sumBlocks(blocks, true)), output.shape) };
    if (over === "2,3") return { plain: reshape(scaled(sumBlocks(blocks, false)), output.shape) };
    return unchanged;

    function scaled(sum: Tensor): Tensor {
      return mean ? mul(sum, sum.size / x.size) : sum;
    }
  };

/** Places that each window offset reads: one strided slice of the blocks for every place of the window. */
function windowPlaces(
  x: Tensor,
  y: Tensor,
  { kernel_shape, strides, dilations }: WindowAttributes,
): Tensor[] {
  const [kH, kW] = kernel_shape as [number, number];
  return Array.from({ length: kH * kW }, (_, tap) => {
    const starts = [Math.floor(tap / kW) * dilations[0]!, (tap % kW) * dilations[1]!];
    const ends = starts.map((start, k) => start + (y.shape[k + 2]! - 1) * strides[k]! + 1);
    return slice(x, starts, ends, [2, 3], strides);
  });
}

const pool =
  (combine: (places: Tensor[]) => Tensor): LoweringRule<WindowAttributes> =>
  ({ inputs: [x], attributes, output }, forms) =>
    forms.inBlocks(x) && attributes.pads.every((p) => p === 0)
      ? { blocks: combine(windowPlaces(forms.blocks(x), output, attributes)) }
      : unchanged;

/** Rules by the name of the operator or composite. Attributes are what that operator has. */
export const RULES: Readonly<Record<string, LoweringRule<never>>> = {
  Conv: ((step, forms) => convolve(step, forms)) satisfies LoweringRule<ConvAttributes>,
  Mul: affine.multiply,
  Add: affine.add,
  Sub: affine.subtract,
  // max(0, ·) is part of the convolution or the sum before it, where nothing else reads that
  Relu: ((step, forms) => {
    const { origin } = step.inputs[0];
    if (origin.kind !== "call" || origin.call.operator.name !== "Conv" || !forms.readOnce(step.inputs[0]))
      return affine.rectify(step, forms) ?? elementwise(step, forms);
    const { inputs, attributes } = origin.call;
    const conv = { inputs, attributes, output: step.output } as unknown as Step<ConvAttributes>;
    const lowered = convolve(conv, forms, "Relu");
    return "reason" in lowered ? unchanged : lowered;
  }) satisfies LoweringRule,
  ConvWeightGradient: weightGradient satisfies LoweringRule<ConvAttributes>,
  ReduceSum: reduce(false),
  ReduceMean: reduce(true),
  GlobalAveragePool: ((step, forms) =>
    reduce(true)({ ...step, attributes: { axes: [2, 3], keepdims: 1 } }, forms)) satisfies LoweringRule,
  MaxPool: pool((places) => places.reduce(max)),
  AveragePool: pool((places) => mul(places.reduce(add), 1 / places.length)),
  // height and width are axes 2 and 3 in blocks too
  Slice: (({ inputs: [x], attributes: { starts, ends, axes, steps } }, forms) =>
    forms.inBlocks(x) && axes.every((axis) => axis === 2 || axis === 3)
      ? { blocks: slice(forms.blocks(x), starts, ends, axes, steps) }
      : unchanged) satisfies LoweringRule<SliceAttributes>,
  // gradients of pooling: the places of a window side by side
  Interleave: (({ inputs, attributes: { kernel_shape } }, forms) => {
    const shares = inputs as readonly Tensor[];
    if (!shares.some((share) => forms.inBlocks(share))) return unchanged;
    const [kH, kW] = kernel_shape as [number, number];
    const parts = shares.map((share) => forms.blocks(share));
    const [Q, K, H, W, b] = parts[0]!.shape as [number, number, number, number, number];
    const rows = Array.from({ length: kH }, (_, u) => {
      const row = parts.slice(u * kW, (u + 1) * kW).map((part) => reshape(part, [Q * K, H, W, 1, b * b]));
      return reshape(concat(row, 3), [Q * K, H, 1, W * kW * b * b]);
    });
    return { blocks: reshape(concat(rows, 2), [Q, K, H * kH, W * kW, b, b]) };
  }) satisfies LoweringRule<{ kernel_shape: readonly number[] }>,
};

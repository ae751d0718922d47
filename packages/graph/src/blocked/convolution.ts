/**
 * Convolutions in blocks: forward, and the gradients with respect to input and weights. b images and b channels to a block;
 * Q = B/b and K = C/b count the blocks.
 */
import type { Tensor } from "../graph.ts";
import {
  type ConvAttributes,
  type ConvTransposeAttributes,
  concat,
  constantLike,
  reduceSum,
  reshape,
  slice,
  transpose,
} from "../ops/index.ts";
import { blockedConv, gatherChannels } from "./conv.ts";
import { asBlocks, asPictures, blockFilter, interleave, turnedFilter } from "./layout.ts";
import type { Forms, Lowered, Step } from "./step.ts";
import { backTo, type Phase, strideApart, type Window } from "./windows.ts";

/** Why a convolution x [B, C, H, W] → y [B, M, …] cannot run in blocks, or null when it can. */
function obstacle(x: Tensor, y: Tensor, { group }: ConvAttributes, b: number): string | null {
  const [B, C] = x.shape as [number, number];
  const M = y.shape[1]!;
  if (x.rank !== 4) return `it slides over ${x.rank - 2} axes, not 2`;
  if (x.dtype !== "float32") return `its kernels are for float32, not ${x.dtype}`;
  if (group !== 1) return `it has ${group} groups`;
  if (B % b !== 0) return `its batch of ${B} is no multiple of ${b}`;
  if (M % b !== 0) return `its ${M} output channels are no multiple of ${b}`;
  if (C >= b && C % b !== 0) return `its ${C} input channels are no multiple of ${b}`;
  return null;
}

/** The sliding window along the height (axis 0) or the width (axis 1) of a convolution from x to y. */
function windowAlong(axis: 0 | 1, x: Tensor, y: Tensor, attributes: ConvAttributes): Window {
  const { kernel_shape, strides, dilations, pads } = attributes;
  return {
    size: x.shape[axis + 2]!,
    outputs: y.shape[axis + 2]!,
    taps: kernel_shape[axis]!,
    stride: strides[axis]!,
    dilation: dilations[axis]!,
    before: pads[axis]!,
  };
}

/** [B, C, H, W] of fewer than b channels with the images of a block side by side: [Q, C, H, W, b]. */
function interleaveImages(x: Tensor, b: number): Tensor {
  const [B, C, H, W] = x.shape as [number, number, number, number];
  return reshape(transpose(reshape(x, [B / b, b, C * H * W]), [0, 2, 1]), [B / b, C, H, W, b]);
}

/** Every stride-th column of those that a phase names, all of height and channels. */
const columnsOf = (x: Tensor, { first, count }: Phase["places"], stride: number): Tensor =>
  slice(x, [first], [first + (count - 1) * stride + 1], [3], [stride]);

/** Taps along one axis of a kernel; a negative step goes backwards. */
function tapsOf(w: Tensor, axis: number, { first, step, count }: Phase["taps"]): Tensor {
  const end = first + (count - 1) * step + Math.sign(step);
  return slice(w, [first], [end < 0 ? -w.shape[axis]! - 1 : end], [axis], [step]);
}

/**
 * b images side by side are one image of width W·b, and neighbours on it are b places apart. With a stride along the width the
 * phases (`windows.ts`) are added up as they are computed.
 *
 * Measured on one thread, 128 images, 3×3 by 2, in ms (ONNX Runtime's own operator, without the conversions around it → this):
 *
 *                       forward        input gradient     weight gradient (composed → this)
 *   16 → 32, 32×32      7.9 → 1.9        3.3 → 2.4          11 → 1.4
 *   32 → 64, 16×16      2.3 → 1.5        2.6 → 1.5           5 → 1.2
 */
export function convolve(
  { inputs, attributes, output }: Step<ConvAttributes>,
  forms: Forms,
  activation?: "Relu",
): Lowered {
  const { b } = forms;
  const [x, w, bias] = inputs as readonly Tensor[] as readonly [Tensor, Tensor, Tensor?];
  const reason = obstacle(x, output, attributes, b);
  if (reason) return { reason };
  const [B, C, H] = x.shape as [number, number, number];
  const { pads, dilations, strides } = attributes;
  const phases = strideApart(windowAlong(1, x, output, attributes));
  const wide = C < b ? interleaveImages(forms.plain(x), b) : forms.blocks(x);
  let y: Tensor | null = null;
  for (const [k, { taps, dilation, places, pads: sides }] of phases.entries()) {
    const last = k === phases.length - 1;
    const picture = reshape(columnsOf(wide, places, strides[1]!), [B / b, C, H, places.count * b]);
    const all = taps.step === 1 && taps.count === w.shape[3];
    const filter = all ? filterOf(w, forms) : blockFilter(tapsOf(forms.plain(w), 3, taps), b);
    const operands = [picture, filter];
    if (last && bias) operands.push(forms.plain(bias));
    if (y) operands.push(...(last && bias ? [] : [x.graph.absent]), y);
    y = blockedConv(operands, b, {
      strides: [strides[0]!, 1],
      pads: [pads[0]!, sides[0] * b, pads[2]!, sides[1] * b],
      dilations: [dilations[0]!, dilation * b],
      ...(last && activation && { activation }),
    });
  }
  return y ? { blocks: asBlocks(y, b) } : { reason: "it reads nothing but padding" };
}

/**
 * The transposed convolution, which gives dL/dx of a convolution with strides: one convolution of g for each phase of rows and
 * columns, between which its outputs lie.
 */
export function inputGradient(
  { inputs, attributes, output }: Step<ConvTransposeAttributes>,
  forms: Forms,
): Lowered {
  const { b } = forms;
  const [g, w, bias] = inputs as readonly Tensor[] as readonly [Tensor, Tensor, Tensor?];
  const reason = obstacle(g, output, attributes, b);
  if (reason) return { reason };
  const [, C] = g.shape as [number, number];
  const { strides } = attributes;
  if (C < b) return { reason: `its ${C} input channels are no multiple of ${b}` };
  if (bias) return { reason: "it adds a bias" };
  if (strides.some((stride, k) => output.shape[k + 2]! % stride !== 0)) {
    return { reason: `its stride of [${strides}] does not divide the size of [${output.shape.slice(2)}]` };
  }
  const turned = transpose(forms.plain(w), [1, 0, 2, 3]);
  const [rows, columns] = ([0, 1] as const).map((axis) => {
    const window = windowAlong(axis, output, g, attributes);
    return Array.from({ length: strides[axis]! }, (_, rest) => backTo(rest, window));
  }) as [(Phase | null)[], (Phase | null)[]];
  const phases = rows.flatMap((row) =>
    columns.map((column) => {
      if (!row || !column) return null;
      const read = slice(
        forms.blocks(g),
        [row.places.first, column.places.first],
        [row.places.first + row.places.count, column.places.first + column.places.count],
        [2, 3],
      );
      const kernel = tapsOf(tapsOf(turned, 2, row.taps), 3, column.taps);
      const y = blockedConv([asPictures(read), blockFilter(kernel, b)], b, {
        pads: [row.pads[0], column.pads[0] * b, row.pads[1], column.pads[1] * b],
        dilations: [row.dilation, column.dilation * b],
      });
      return asBlocks(y, b);
    }),
  );
  if (phases.every((phase) => phase === null)) return { reason: "nothing reaches its output" };
  return { blocks: interleave(phases, strides as readonly [number, number]) };
}

/**
 * dL/dw[m, c, u, v] = Σ over images i, places p of g[i, m, p] · x[i, c, s·p + (u, v)] is a convolution too: summed over images as
 * if they were channels, with g for its kernel, as large as the picture (its places s apart). In blocks g needs no rearranging
 * for that:
 *
 *   kernel  g [Q groups · M, b images, outH, outW], in the order [Q, M/b, outH, outW, b images, b channels]: as it stands
 *   input   x [K, B images, H, W·b], one row holding every place with its b channels, images innermost; dilation s·b
 *   output  [K, Q·M, kH, kW·b]: for every block of channels c, kernel place and c; summed over Q
 *
 * so x is padded along the width and its innermost b×b are transposed. Fewer than b channels are one block of C.
 *
 * Measured alone on one thread, 64 images, in ms (the composition of `convWeightGradient` → this, operands in their layouts):
 * 16 channels at 32×32 4.2 → 2.1, 32 at 16×16 2.4 → 1.2, 64 at 8×8 2.4 → 1.1.
 */
export function weightGradient({ inputs, attributes, output }: Step<ConvAttributes>, forms: Forms): Lowered {
  const { b } = forms;
  const [x, g] = inputs;
  const reason = obstacle(x, g, attributes, b);
  if (reason) return { reason };
  const { pads, strides, dilations, kernel_shape } = attributes;
  if (dilations[1] !== 1) return { reason: `its dilation along the width is ${dilations[1]}` };
  const [B, C, H, W] = x.shape as [number, number, number, number];
  const [, M, outH, outW] = g.shape as [number, number, number, number];
  const [kH, kW] = kernel_shape as [number, number];
  const Q = B / b;
  const c = Math.min(C, b); // channels to a block
  const K = C / c;
  // the places that the kernel reaches: padded where there are none, cropped where a stride leaves some over
  const reached = [
    (outH - 1) * strides[0]! + (kH - 1) * dilations[0]! + 1,
    (outW - 1) * strides[1]! + kW,
  ] as const;
  const [below, right] = [reached[0] - H - pads[0]!, reached[1] - W - pads[1]!];
  const [rows, columns] = [H + Math.min(0, below), W + Math.min(0, right)];
  const cropped = (blocks: Tensor) => slice(blocks, [0, 0], [rows, columns], [2, 3]);
  const padWidth = (x: Tensor, place: number) =>
    concat([...zeros(x, pads[1]! * place), x, ...zeros(x, right * place)], 1);
  let places: Tensor;
  if (C < b) {
    const image = reshape(cropped(forms.plain(x)), [Q, b, C, rows * columns]);
    const imagesInside = transpose(image, [0, 3, 2, 1]); // (Q, H·W, C, b)
    places = padWidth(reshape(imagesInside, [Q * rows, columns * c * b]), c * b);
  } else {
    const image = reshape(cropped(forms.blocks(x)), [Q, K, rows * columns * b * b]);
    const blocksOutside = transpose(image, [1, 0, 2]);
    const padded = padWidth(reshape(blocksOutside, [K * Q * rows, columns * b * b]), b * b);
    places = gatherChannels(reshape(padded, [K * Q * rows * reached[1], b, b, 1]), b);
  }
  const input = reshape(places, [K, B, rows, reached[1] * c]);
  const kernel = reshape(forms.blocks(g), [Q * M, b, outH, outW]);
  const slopes = blockedConv([input, kernel], b, {
    strides: [dilations[0]!, 1],
    pads: [pads[0]!, 0, Math.max(0, below), 0],
    dilations: [strides[0]!, strides[1]! * c],
    group: Q,
  });
  const summed = reduceSum(reshape(slopes, [K, Q, M / b, kH * kW, c, b]), [1]);
  // in steps that each exchange two axes: 256 channels 1.3 ms, in one transposition 2.8
  const tapsLast = transpose(reshape(summed, [(K * M) / b, kH * kW, c, b]), [0, 2, 1, 3]); // (K·M/b, c, taps, b)
  const outputsFirst = transpose(reshape(tapsLast, [(K * M) / b, c * kH * kW, b]), [0, 2, 1]); // (K·M, c·taps)
  const together = transpose(reshape(outputsFirst, [K, M, c * kH * kW]), [1, 0, 2]);
  return { plain: reshape(together, output.shape) };
}

/** The kernel as blocked kernels read it; one that is another turned round is made of that one's form, which is there. */
function filterOf(w: Tensor, forms: Forms): Tensor {
  const turned = w.graph.composites.get(w);
  const whole = w.shape.slice(0, 2).every((d) => d % forms.b === 0);
  return turned?.name === "TurnedKernel" && whole
    ? turnedFilter(forms.plain(turned.inputs[0]!), forms.b)
    : blockFilter(forms.plain(w), forms.b);
}

/** n columns of zeros beside the rows, none for n ≤ 0. To concatenate them is to pad, but on all threads. */
const zeros = (rows: Tensor, n: number): Tensor[] =>
  n > 0 ? [constantLike(rows, 0, [rows.shape[0]!, n])] : [];

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
  constantLike,
  expand,
  matmul,
  max,
  mul,
  putBack,
  reduceSum,
  reshape,
  type SliceAttributes,
  slice,
  transpose,
} from "../ops/index.ts";
import type { ReduceAttributes } from "../ops/reduction.ts";
import type { WindowAttributes } from "../ops/windows.ts";
import * as affine from "./affine.ts";
import { convolve, inputGradient, weightGradient } from "./convolution.ts";
import { divides, interleave } from "./layout.ts";
import { elementwise, type LoweringRule, type Step, unchanged } from "./step.ts";

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
  ConvTranspose: inputGradient satisfies LoweringRule<ConvAttributes>,
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
  // the gradient of slicing
  PutBack: (({ inputs: [part], attributes: { axes, steps, ...where }, output }, forms) => {
    const apart = steps.some((step) => step !== 1) && divides(output.shape, forms.b); // short stretches are slow outside
    const fits = output.dtype === "float32" && axes.every((axis) => axis === 2 || axis === 3);
    if (!fits || !(apart || forms.inBlocks(part))) return unchanged;
    const blocks = forms.blocks(part);
    const [Q, K, , , b] = blocks.shape as [number, number, number, number, number];
    const [, , H, W] = output.shape as [number, number, number, number];
    return { blocks: putBack(blocks, [Q, K, H, W, b, b], { axes, steps, ...where }) };
  }) satisfies LoweringRule<SliceAttributes>,
  // gradients of pooling: the places of a window side by side
  Interleave: (({ inputs, attributes: { kernel_shape } }, forms) => {
    const shares = inputs as readonly Tensor[];
    if (!shares.some((share) => forms.inBlocks(share))) return unchanged;
    const parts = shares.map((share) => forms.blocks(share));
    return { blocks: interleave(parts, kernel_shape as [number, number]) };
  }) satisfies LoweringRule<{ kernel_shape: readonly number[] }>,
};

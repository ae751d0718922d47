/**
 * Normalisation over the places of an image, [B, C, …]: each channel by itself (instance) or channels in groups, with a scale and
 * a bias per channel. Composed of reductions, so that x − μ serves the backward pass too.
 * Source: Ulyanov, Vedaldi & Lempitsky, arXiv:1607.08022; Wu & He, arXiv:1803.08494.
 */
import { misfit, type Tensor } from "../graph.ts";
import { sizeOf } from "../shapes.ts";
import { add, mul } from "./arithmetic.ts";
import { standardize } from "./layer-normalization.ts";
import { reshape } from "./shape.ts";

/** (x − μ)/√(variance + ε) · scale + bias, statistics over each group of C/groups neighbouring channels of each example. */
export function groupNormalization(
  x: Tensor,
  { scale, bias }: { scale: Tensor; bias: Tensor },
  groups: number,
  epsilon = 1e-5,
): Tensor {
  const [B, C, ...places] = x.shape as [number, number, ...number[]];
  const perChannel = [scale, bias].every((t) => t.rank === 1 && t.shape[0] === C && t.dtype === x.dtype);
  if (x.rank < 2 || !(C % groups === 0) || !perChannel) {
    throw misfit(
      "GroupNormalization",
      [x, scale, bias],
      `it needs axes [batch, channels, ...], channels in ${groups} equal groups, and a scale and a bias per channel`,
    );
  }
  const S = sizeOf(places);
  const { centred, inverse } = standardize(reshape(x, [B, groups, C / groups, S]), [2, 3], epsilon);
  const factor = mul(reshape(scale, [1, groups, C / groups, 1]), inverse);
  const output = add(mul(centred, factor), reshape(bias, [1, groups, C / groups, 1]));
  return reshape(output, x.shape);
}

/** Group normalisation with a group for each channel. */
export const instanceNormalization = (
  x: Tensor,
  parameters: { scale: Tensor; bias: Tensor },
  epsilon = 1e-5,
): Tensor => groupNormalization(x, parameters, x.shape[1]!, epsilon);

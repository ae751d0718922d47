/**
 * Batch normalisation over axis 1 of [B, C] or [B, C, H, W] (torch's BatchNorm1d and BatchNorm2d in one).
 * Source: Ioffe & Szegedy, arXiv:1502.03167; running statistics as torch keeps them.
 */
import {
  add,
  batchNormalization,
  div,
  mul,
  normalizeBatch,
  reduceMean,
  reshape,
  sqrt,
  sub,
  type Tensor,
} from "@thalweg/graph";
import { ones, zeros } from "./initializers.ts";
import { requireCounts } from "./layers.ts";
import type { Average, Module } from "./module.ts";

export interface BatchNormOptions {
  /** Weight of the newest batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
  /** Added to the variance under the root. Default 1e-5. */
  readonly eps?: number;
}

/**
 * y = (x − μ) / √(σ² + eps) · weight + bias, per channel.
 *
 * In training μ and σ² are the batch's, and the running statistics move towards them:
 *
 *   running ← (1 − momentum) · running + momentum · batch        σ² unbiased there: times n / (n − 1), n values a channel
 *
 * Otherwise μ and σ² are the running statistics. Where several processes take parts of a batch, the context says whether μ and σ²
 * are those of the part at hand or of the whole batch.
 */
export function batchNorm(channels: number, options: BatchNormOptions = {}): Module {
  const { momentum = 0.1, eps = 1e-5 } = options;
  requireCounts("batchNorm", { channels });
  if (!(eps > 0))
    throw new RangeError(`Cannot build batchNorm as eps must be above 0: current value is ${eps}`);
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new RangeError(
      `Cannot build batchNorm as momentum must be in [0, 1]: current value is ${momentum}`,
    );
  }
  const shape = [channels];
  return {
    parameters: [
      { name: "weight", shape, initialize: ones, kind: "scale" },
      { name: "bias", shape, initialize: zeros, kind: "bias" },
    ],
    buffers: [
      { name: "running_mean", shape, initial: 0 },
      { name: "running_var", shape, initial: 1 },
    ],
    alsoStored: [{ name: "num_batches_tracked" }], // counts for a momentum of None, which there is not here
    forward(x, context) {
      const scale = context.parameter("weight");
      const bias = context.parameter("bias");
      const runningMean = context.buffer("running_mean");
      const runningVariance = context.buffer("running_var");
      if (!context.training) {
        return batchNormalization(x, { scale, bias, mean: runningMean, variance: runningVariance }, eps);
      }
      const count = (x.size / channels) * (context.average?.parts ?? 1);
      if (!(count > 1)) {
        throw new RangeError(
          `Cannot train batchNorm on ${x} as it needs more than one value per channel: use a larger batch`,
        );
      }
      const { output, mean, variance } =
        context.average === undefined
          ? normalizeBatch(x, { scale, bias }, eps)
          : normalizeParts(x, { scale, bias }, eps, context.average);
      const unbiased = mul(variance, count / (count - 1));
      context.updateBuffer("running_mean", add(mul(runningMean, 1 - momentum), mul(mean, momentum)));
      context.updateBuffer("running_var", add(mul(runningVariance, 1 - momentum), mul(unbiased, momentum)));
      return output;
    },
  };
}

/** Normalise a part by the statistics of all parts: of equal sizes, so that means of means are means. */
function normalizeParts(
  x: Tensor,
  { scale, bias }: { scale: Tensor; bias: Tensor },
  eps: number,
  average: Average,
): { output: Tensor; mean: Tensor; variance: Tensor } {
  const axes = x.shape.flatMap((_, k) => (k === 1 ? [] : [k]));
  const wide = x.shape.map((size, k) => (k === 1 ? size : 1));
  const mean = average.of(reduceMean(x, axes, true));
  const centred = sub(x, mean);
  const variance = average.of(reduceMean(mul(centred, centred), axes, true));
  const factor = div(reshape(scale, wide), sqrt(add(variance, eps)));
  const output = add(mul(centred, factor), reshape(bias, wide));
  return { output, mean: reshape(mean, scale.shape), variance: reshape(variance, scale.shape) };
}

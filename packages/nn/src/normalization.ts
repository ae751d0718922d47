/**
 * Normalisation that does not look at the rest of the batch: layer, RMS, group and instance norm. Semantics, names and
 * defaults are torch.nn's; batch normalisation, which keeps statistics, has a file of its own.
 */
import {
  add,
  div,
  layerNormalization,
  mul,
  reduceMean,
  reshape,
  sqrt,
  sub,
  type Tensor,
} from "@thalweg/graph";
import { ones, zeros } from "./initializers.ts";
import { requireCounts } from "./layers.ts";
import type { Context, Module, ParameterSpec } from "./module.ts";

export interface NormOptions {
  /** Added to the variance under the root. Default 1e-5. */
  readonly eps?: number;
  /** Whether a weight (and a bias, where the layer has one) is learnt. */
  readonly affine?: boolean;
  /** Whether a bias is learnt beside the weight. Default true. */
  readonly bias?: boolean;
}

/** y = (x − μ) / √(σ² + eps), with the mean μ and the biased variance σ² over `axes`. */
function standardize(x: Tensor, axes: readonly number[], eps: number): Tensor {
  const centred = sub(x, reduceMean(x, axes, true));
  return div(centred, sqrt(add(reduceMean(mul(centred, centred), axes, true), eps)));
}

const learnt = (shape: readonly number[], { affine = true, bias = true }: NormOptions): ParameterSpec[] => [
  ...(affine ? [{ name: "weight", shape, initialize: ones, kind: "scale" } as const] : []),
  ...(affine && bias ? [{ name: "bias", shape, initialize: zeros, kind: "bias" } as const] : []),
];

/** x · weight + bias, as far as they are learnt; their values are shaped by `fit` so that they broadcast. */
function rescale(
  x: Tensor,
  context: Context,
  { affine = true, bias = true }: NormOptions,
  fit: (value: Tensor) => Tensor = (value) => value,
): Tensor {
  if (!affine) return x;
  const scaled = mul(x, fit(context.parameter("weight")));
  return bias ? add(scaled, fit(context.parameter("bias"))) : scaled;
}

function requireEps(layer: string, eps: number): void {
  if (!(eps > 0)) {
    throw new RangeError(`Cannot build ${layer} as eps must be above 0: current value is ${eps}`);
  }
}

function requireLastAxes(layer: string, x: Tensor, shape: readonly number[]): void {
  const last = x.shape.slice(x.rank - shape.length);
  if (x.rank >= shape.length && shape.every((size, k) => size === last[k])) return;
  throw new RangeError(
    `Cannot apply ${layer} to ${x} as its last axes must be [${shape.join(", ")}]: found [${last.join(", ")}]`,
  );
}

const lastAxes = (x: Tensor, count: number): number[] =>
  Array.from({ length: count }, (_, k) => x.rank - count + k);

/**
 * y = (x − μ) / √(σ² + eps) · weight + bias, with mean and variance over the last axes, which `shape` gives.
 * Source: Ba et al., arXiv:1607.06450.
 */
export function layerNorm(shape: number | readonly number[], options: NormOptions = {}): Module {
  const sizes = typeof shape === "number" ? [shape] : shape;
  const { eps = 1e-5, affine = true, bias = true } = options;
  requireCounts("layerNorm", Object.fromEntries(sizes.map((size, k) => [`size ${k}`, size])));
  requireEps("layerNorm", eps);
  return {
    parameters: learnt(sizes, options),
    buffers: [],
    forward(x, context) {
      requireLastAxes("layerNorm", x, sizes);
      if (affine) {
        const scale = context.parameter("weight");
        const parameters = { scale, bias: bias ? context.parameter("bias") : undefined };
        return layerNormalization(x, parameters, { axis: -sizes.length, epsilon: eps }).output;
      }
      return standardize(x, lastAxes(x, sizes.length), eps);
    },
  };
}

/**
 * y = x / √(mean(x²) + eps) · weight over the last axis; there is no mean to subtract and no bias.
 * Source: Zhang & Sennrich, arXiv:1910.07467; eps as in Llama, default 1e-5 (torch's default is float32's epsilon, 1.19e-7).
 */
export function rmsNorm(width: number, options: Omit<NormOptions, "bias"> = {}): Module {
  const { eps = 1e-5, affine = true } = options;
  requireCounts("rmsNorm", { width });
  requireEps("rmsNorm", eps);
  return {
    parameters: learnt([width], { affine, bias: false }),
    buffers: [],
    forward(x, context) {
      requireLastAxes("rmsNorm", x, [width]);
      const size = sqrt(add(reduceMean(mul(x, x), [x.rank - 1], true), eps));
      return rescale(div(x, size), context, { affine, bias: false });
    },
  };
}

/** Values per channel, for x [B, C, ...]. */
const perChannel = (x: Tensor) => (value: Tensor) =>
  reshape(value, [1, value.size, ...x.shape.slice(2).map(() => 1)]);

/**
 * [B, C, ...]: mean and variance over each of `groups` groups of channels of each example, weight and bias per channel.
 * Source: Wu & He, arXiv:1803.08494.
 */
export function groupNorm(groups: number, channels: number, options: NormOptions = {}): Module {
  const { eps = 1e-5 } = options;
  requireCounts("groupNorm", { groups, channels });
  requireEps("groupNorm", eps);
  if (channels % groups !== 0) {
    throw new RangeError(
      `Cannot build groupNorm as groups must divide channels: ${groups} groups of ${channels} channels`,
    );
  }
  return {
    parameters: learnt([channels], options),
    buffers: [],
    forward(x, context) {
      if (x.shape[1] !== channels) {
        throw new RangeError(
          `Cannot apply groupNorm to ${x} as it needs ${channels} channels on axis 1: found ${x.shape[1]}`,
        );
      }
      const rows = reshape(x, [x.shape[0]!, groups, x.size / (x.shape[0]! * groups)]);
      return rescale(reshape(standardize(rows, [2], eps), x.shape), context, options, perChannel(x));
    },
  };
}

/**
 * [B, C, ...]: each plane by its own mean and variance; group norm with a channel per group. Nothing is learnt by default.
 * Source: Ulyanov et al., arXiv:1607.08022; torch.nn.InstanceNorm1d and 2d without running statistics.
 */
export const instanceNorm = (channels: number, options: NormOptions = {}): Module =>
  groupNorm(channels, channels, { affine: false, ...options });

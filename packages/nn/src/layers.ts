/**
 * Layers without a kernel: identity flatten linear bilinear dropout.
 * Shapes: B is the batch, F features. Semantics, names and defaults are torch.nn's.
 */
import {
  cast,
  flatten as flattenAxes,
  gemm,
  greaterOrEqual,
  mul,
  reshape,
  type Tensor,
} from "@thalweg/graph";
import { layerBias, layerWeight } from "./initializers.ts";
import type { Context, Initializer, Module, ParameterSpec } from "./module.ts";

/** A module of one function, with nothing to learn. */
export const lambda = (forward: Module["forward"]): Module => ({ parameters: [], buffers: [], forward });

export const identity = (): Module => lambda((x) => x);

/** [B, …] → [B, F]. */
export const flatten = (): Module => lambda((x) => flattenAxes(x, 1));

export interface LinearOptions {
  /** Whether there is one (default true), or its starting values. */
  readonly bias?: boolean | Initializer;
  readonly weight?: Initializer;
}

/** The bias that an option asks for, as a list of one or none. `usual` gives its values when the option does not. */
export function biasSpecs(
  bias: boolean | Initializer,
  size: number,
  usual: Initializer,
): readonly ParameterSpec[] {
  if (bias === false) return [];
  return [{ name: "bias", shape: [size], initialize: bias === true ? usual : bias, kind: "bias" }];
}

/** y = x Wᵀ + b:  [..., inputs] → [..., outputs], weight [outputs, inputs]. */
export function linear(inputs: number, outputs: number, options: LinearOptions = {}): Module {
  requireCounts("linear", { inputs, outputs });
  const { bias = true, weight = layerWeight } = options;
  return {
    parameters: [
      { name: "weight", shape: [outputs, inputs], initialize: weight, kind: "weight" },
      ...biasSpecs(bias, outputs, layerBias(inputs)),
    ],
    buffers: [],
    forward: (x, context) =>
      affine(x, context.parameter("weight"), bias ? context.parameter("bias") : undefined),
  };
}

/** x Wᵀ + b along the last axis; the axes before it are rows of one product. */
export function affine(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outputs, inputs] = weight.shape as [number, number];
  if (x.shape.at(-1) !== inputs) {
    throw new RangeError(
      `Cannot apply linear to ${x} as its weight [${outputs}, ${inputs}] needs ${inputs} values along the last axis: found ${x.shape.at(-1) ?? "a scalar"}`,
    );
  }
  const rows = reshape(x, [x.size / inputs, inputs]);
  return reshape(gemm(rows, weight, { transB: 1, ...(bias && { addend: bias }) }), [
    ...x.shape.slice(0, -1),
    outputs,
  ]);
}

/**
 * y_o = x₁ᵀ W_o x₂ + b_o:  [B, inputs1] and [B, inputs2] → [B, outputs], weight [outputs, inputs1, inputs2]. Defaults as torch's.
 */
export function bilinear(
  inputs1: number,
  inputs2: number,
  outputs: number,
  options: LinearOptions = {},
): Module<readonly [Tensor, Tensor]> {
  requireCounts("bilinear", { inputs1, inputs2, outputs });
  const initialize = layerBias(inputs1); // the bound is 1/√inputs1 for both
  const { bias = true, weight = initialize } = options;
  return {
    parameters: [
      { name: "weight", shape: [outputs, inputs1, inputs2], initialize: weight, kind: "weight" },
      ...biasSpecs(bias, outputs, initialize),
    ],
    buffers: [],
    forward([x1, x2], context) {
      // all products of an element of x₁ with one of x₂, [B, inputs1·inputs2], against W as a matrix
      const batch = x1.shape[0]!;
      const products = mul(reshape(x1, [batch, inputs1, 1]), reshape(x2, [batch, 1, inputs2]));
      return affine(
        reshape(products, [batch, inputs1 * inputs2]),
        reshape(context.parameter("weight"), [outputs, inputs1 * inputs2]),
        bias ? context.parameter("bias") : undefined,
      );
    },
  };
}

/**
 * While training, each value is dropped with probability p and the others are scaled up, so that the mean stays:
 *
 *   y = x · [noise ≥ p] / (1 − p)           noise uniform in [0, 1), so a value is kept with probability 1 − p exactly
 *
 * Source: Srivastava et al., JMLR 15, 2014, in the inverted form. Otherwise the identity.
 */
export function dropout(p = 0.5): Module {
  requireProbability("dropout", "p", p);
  return lambda((x, context) => dropped(x, p, context));
}

/** What dropout makes of x at this place of the model; the noise is called `noise`. */
export function dropped(x: Tensor, p: number, context: Context): Tensor {
  if (!context.training || p === 0) return x;
  const kept = cast(greaterOrEqual(context.noise("noise", x.shape), p), x.dtype);
  return mul(x, mul(kept, 1 / (1 - p)));
}

/** A share that is dropped: at least 0, below 1. */
export function requireProbability(layer: string, name: string, p: number): void {
  if (p >= 0 && p < 1) return;
  throw new RangeError(`Cannot build ${layer} as ${name} must be in [0, 1): current value is ${p}`);
}

/** Sizes of a layer must be whole numbers, 1 or more. */
export function requireCounts(layer: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || !(value >= 1)) {
      throw new RangeError(
        `Cannot build ${layer} as ${name} must be a whole number, 1 or more: current value is ${value}`,
      );
    }
  }
}

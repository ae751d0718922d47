/**
 * Convolutions over images [B, C, H, W] and signals [B, C, L], forward and transposed. Semantics, names and defaults are torch.nn's.
 */
import { add, type ConvOptions, conv, convTranspose, type Pair, reshape, type Tensor } from "@thalweg/graph";
import { fans, layerBias, layerWeight } from "./initializers.ts";
import { biasSpecs, requireCounts } from "./layers.ts";
import type { Initializer, Module } from "./module.ts";

export interface Conv2dOptions extends ConvOptions {
  /** Whether there is one (default true), or its starting values. */
  readonly bias?: boolean | Initializer;
  readonly weight?: Initializer;
}

/** [B, inputs, H, W] → [B, outputs, H', W'], weight [outputs, inputs/groups, kH, kW]. Default: stride 1, no padding. */
export function conv2d(inputs: number, outputs: number, kernel: Pair, options: Conv2dOptions = {}): Module {
  const { bias = true, weight = layerWeight, ...window } = options;
  const groups = window.groups ?? 1;
  const [kH, kW] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  requireCounts("conv2d", { inputs, outputs, kernelHeight: kH, kernelWidth: kW, groups });
  requireGroups("conv2d", inputs, outputs, groups);
  const shape = [outputs, inputs / groups, kH, kW];
  return {
    parameters: [
      { name: "weight", shape, initialize: weight, kind: "weight" },
      ...biasSpecs(bias, outputs, layerBias(fans(shape).fanIn)),
    ],
    buffers: [],
    forward(x, context) {
      requireChannels("conv2d", x, 4, inputs);
      return conv(x, context.parameter("weight"), bias ? context.parameter("bias") : undefined, window);
    },
  };
}

/** A kernel for every channel on its own, as in MobileNet: conv2d with as many groups as channels. */
export const depthwiseConv2d = (
  channels: number,
  kernel: Pair,
  options: Omit<Conv2dOptions, "groups"> = {},
): Module => conv2d(channels, channels, kernel, { ...options, groups: channels });

export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns added at the end, where the stride leaves the size open. Default 0. */
  readonly outputPadding?: Pair;
}

/**
 * conv2d's map turned round, from its outputs to its inputs: [B, inputs, H, W] → [B, outputs, H', W'], weight
 * [inputs, outputs/groups, kH, kW];  H' = (H − 1) · stride − 2 · padding + dilation · (kH − 1) + outputPadding + 1.
 */
export function convTranspose2d(
  inputs: number,
  outputs: number,
  kernel: Pair,
  options: ConvTranspose2dOptions = {},
): Module {
  const { bias = true, weight = layerWeight, outputPadding = 0, ...window } = options;
  const groups = window.groups ?? 1;
  const [kH, kW] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  requireCounts("convTranspose2d", { inputs, outputs, kernelHeight: kH, kernelWidth: kW, groups });
  requireGroups("convTranspose2d", inputs, outputs, groups);
  const shape = [inputs, outputs / groups, kH, kW];
  return {
    parameters: [
      { name: "weight", shape, initialize: weight, kind: "weight" },
      // torch counts the fan on the weight as it lies, so outputs take the place of inputs
      ...biasSpecs(bias, outputs, layerBias(fans(shape).fanIn)),
    ],
    buffers: [],
    forward(x, context) {
      requireChannels("convTranspose2d", x, 4, inputs);
      const y = convTranspose(x, context.parameter("weight"), {
        ...window,
        outputPadding: typeof outputPadding === "number" ? [outputPadding, outputPadding] : outputPadding,
      });
      return bias ? add(y, reshape(context.parameter("bias"), [1, outputs, 1, 1])) : y;
    },
  };
}

export interface Conv1dOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
  /** Whether there is one (default true), or its starting values. */
  readonly bias?: boolean | Initializer;
  readonly weight?: Initializer;
}

/** [B, inputs, L] → [B, outputs, L'], weight [outputs, inputs/groups, kernel]. */
export function conv1d(inputs: number, outputs: number, kernel: number, options: Conv1dOptions = {}): Module {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, weight = layerWeight } = options;
  requireCounts("conv1d", { inputs, outputs, kernel, groups });
  requireGroups("conv1d", inputs, outputs, groups);
  const shape = [outputs, inputs / groups, kernel];
  return {
    parameters: [
      { name: "weight", shape, initialize: weight, kind: "weight" },
      ...biasSpecs(bias, outputs, layerBias(fans(shape).fanIn)),
    ],
    buffers: [],
    forward(x, context) {
      requireChannels("conv1d", x, 3, inputs);
      const window = { stride, padding, dilation, groups };
      return conv(x, context.parameter("weight"), bias ? context.parameter("bias") : undefined, window);
    },
  };
}

function requireGroups(layer: string, inputs: number, outputs: number, groups: number): void {
  if (inputs % groups === 0 && outputs % groups === 0) return;
  throw new RangeError(
    `Cannot build ${layer} as groups must divide inputs and outputs: ${groups} groups of ${inputs} inputs and ${outputs} outputs`,
  );
}

function requireChannels(layer: string, x: Tensor, rank: number, inputs: number): void {
  if (x.rank === rank && x.shape[1] === inputs) return;
  const axes = rank === 4 ? "[batch, channels, height, width]" : "[batch, channels, length]";
  throw new RangeError(
    `Cannot apply ${layer} to ${x} as it needs ${axes} with ${inputs} channels: found [${x.shape.join(", ")}]`,
  );
}

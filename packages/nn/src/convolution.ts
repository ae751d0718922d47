/**
 * Layers over images [B, C, H, W]: conv2d, pooling. Semantics, names and defaults are torch.nn's.
 */
import {
  globalAveragePool as averagePlanes,
  averagePool,
  type ConvOptions,
  conv,
  maxPool,
  type Pair,
  type WindowOptions,
} from "@thalweg/graph";
import { fans, layerBias, layerWeight } from "./initializers.ts";
import { lambda, requireCounts } from "./layers.ts";
import type { Initializer, Module, ParameterSpec } from "./module.ts";

export interface Conv2dOptions extends ConvOptions {
  readonly bias?: boolean;
  readonly weight?: Initializer;
}

/** [B, inputs, H, W] → [B, outputs, H', W'], weight [outputs, inputs/groups, kH, kW]. Default: stride 1, no padding. */
export function conv2d(inputs: number, outputs: number, kernel: Pair, options: Conv2dOptions = {}): Module {
  const { bias = true, weight = layerWeight, ...window } = options;
  const groups = window.groups ?? 1;
  const [kH, kW] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  requireCounts("conv2d", { inputs, outputs, kernelHeight: kH, kernelWidth: kW, groups });
  if (inputs % groups !== 0 || outputs % groups !== 0) {
    throw new RangeError(
      `Cannot build conv2d as groups must divide inputs and outputs: ${groups} groups of ${inputs} inputs and ${outputs} outputs`,
    );
  }
  const shape = [outputs, inputs / groups, kH, kW];
  const parameters: ParameterSpec[] = [{ name: "weight", shape, initialize: weight, kind: "weight" }];
  if (bias) {
    parameters.push({
      name: "bias",
      shape: [outputs],
      initialize: layerBias(fans(shape).fanIn),
      kind: "bias",
    });
  }
  return {
    parameters,
    buffers: [],
    forward: (x, context) =>
      conv(x, context.parameter("weight"), bias ? context.parameter("bias") : undefined, window),
  };
}

/** Largest value of each window; the stride is the kernel's size when left out. */
export const maxPool2d = (kernel: Pair, options: WindowOptions = {}): Module =>
  lambda((x) => maxPool(x, kernel, options));

/** Mean of each window; the stride is the kernel's size when left out. */
export const averagePool2d = (kernel: Pair, options: Omit<WindowOptions, "dilation"> = {}): Module =>
  lambda((x) => averagePool(x, kernel, options));

/** Mean of each plane: [B, C, H, W] → [B, C, 1, 1]. */
export const globalAveragePool = (): Module => lambda((x) => averagePlanes(x));

/**
 * LeNet-5 as it is used today: two convolutions with pooling, three linear layers.
 * Source   LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 86, 1998, §II.B.
 * Differs  Every map of the second convolution sees every map before it, pooling has no weights, and the output is linear:
 *          61 706 parameters, where the paper's connection table, trained subsampling and fixed radial basis functions give 60 000.
 */
import { type Activation, activation } from "../activations.ts";
import { named } from "../composition.ts";
import { conv2d } from "../convolution.ts";
import { flatten, linear, requireCounts } from "../layers.ts";
import type { Module } from "../module.ts";
import { averagePool2d, maxPool2d } from "../pooling.ts";

export interface LenetOptions {
  readonly classes?: number;
  /** Channels of the input. Default 1. */
  readonly channels?: number;
  /** Height and width of the input: 28 is padded to the paper's 32. Default 28. */
  readonly size?: 28 | 32;
  /** Default "tanh", the paper's up to a scale. */
  readonly activation?: Activation;
  /** Default "average", as the paper's. */
  readonly pool?: "average" | "max";
}

/** Images [B, 1, 28, 28] → logits [B, classes]. */
export function lenet5(options: LenetOptions = {}): Module {
  const { classes = 10, channels = 1, size = 28, activation: name = "tanh", pool = "average" } = options;
  requireCounts("lenet5", { classes, channels });
  const halve = () => (pool === "average" ? averagePool2d(2) : maxPool2d(2));
  return named({
    conv1: conv2d(channels, 6, 5, { padding: (32 - size) / 2 }), // 28
    act1: activation(name),
    pool1: halve(), // 14
    conv2: conv2d(6, 16, 5), // 10
    act2: activation(name),
    pool2: halve(), // 5
    flatten: flatten(),
    fc1: linear(16 * 5 * 5, 120),
    act3: activation(name),
    fc2: linear(120, 84),
    act4: activation(name),
    fc3: linear(84, classes),
  });
}

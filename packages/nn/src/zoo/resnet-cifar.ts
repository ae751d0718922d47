/**
 * Residual networks for CIFAR: a convolution, three stages of n blocks with 16, 32 and 64 channels, global average, linear:
 * 6n + 2 layers. With options for their width, for either form of shortcut, and for none, as the loss-landscape study needs.
 *
 * Sources  He et al., arXiv:1512.03385, §4.2; names as github.com/akamaster/pytorch_resnet_cifar10 (conv1 bn1 layer1-3 linear);
 *          Li et al., arXiv:1712.09913 (no shortcuts; width 2, 4, 8).
 */
import { flatten, globalAveragePool, relu, type Tensor } from "@thalweg/graph";
import { batchNorm } from "../batch-norm.ts";
import { network } from "../composition.ts";
import { conv2d } from "../convolution.ts";
import { kaimingNormal } from "../initializers.ts";
import { linear, requireCounts } from "../layers.ts";
import type { Module } from "../module.ts";
import { basicBlock, type Change, paddedShortcut, projectedShortcut, stage } from "./residual-block.ts";

export interface CifarResnetOptions {
  /** Layers with weights, 6n + 2: 20, 32, 44, 56, 110 in the paper. */
  readonly depth: number;
  /** Factor of all channels. Default 1. */
  readonly width?: number;
  /** "A" pads with zeros, "B" projects where the shape changes, "none" leaves a plain network. Default "A", the paper's. */
  readonly shortcut?: "A" | "B" | "none";
  readonly classes?: number;
  /** Channels of the input. Default 3. */
  readonly channels?: number;
}

const weight = kaimingNormal();

const SHORTCUTS = {
  A: paddedShortcut,
  B: (change: Change) => projectedShortcut(change, weight),
  none: () => undefined,
} as const;

/** Images [B, 3, H, W] → logits [B, classes]; H = W = 32 in the paper. */
export function cifarResnet(options: CifarResnetOptions): Module {
  const { depth, width = 1, shortcut = "A", classes = 10, channels = 3 } = options;
  requireCounts("cifarResnet", { width, classes, channels });
  const blocks = (depth - 2) / 6;
  if (!(Number.isInteger(blocks) && blocks >= 1)) {
    throw new RangeError(
      `Cannot build cifarResnet as depth must be 6n + 2, such as 20, 32, 56 or 110: current value is ${depth}`,
    );
  }
  const block = (change: Change) =>
    basicBlock({ ...change, shortcut: SHORTCUTS[shortcut](change), name: "shortcut", weight });
  const [first, second, third] = [16 * width, 32 * width, 64 * width];
  return network(
    {
      conv1: conv2d(channels, first, 3, { padding: 1, bias: false, weight }),
      bn1: batchNorm(first),
      layer1: stage({ inputs: first, outputs: first, stride: 1 }, blocks, block),
      layer2: stage({ inputs: first, outputs: second, stride: 2 }, blocks, block),
      layer3: stage({ inputs: second, outputs: third, stride: 2 }, blocks, block),
      linear: linear(third, classes, { weight }),
    },
    (x: Tensor, { conv1, bn1, layer1, layer2, layer3, linear }) =>
      linear(flatten(globalAveragePool(layer3(layer2(layer1(relu(bn1(conv1(x))))))))),
  );
}

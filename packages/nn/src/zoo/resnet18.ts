/**
 * ResNet-18 as torchvision has it: a convolution of 7×7 and a pool, four stages of two blocks, global average, linear.
 * Its CIFAR form, widespread since, begins with a convolution of 3×3 and no pool.
 * Sources: He et al., arXiv:1512.03385, Table 1; torchvision, resnet18 (names conv1 bn1 layer1-4 downsample fc; starting values).
 */
import { flatten, globalAveragePool, maxPool, relu, type Tensor } from "@thalweg/graph";
import { batchNorm } from "../batch-norm.ts";
import { network } from "../composition.ts";
import { conv2d } from "../convolution.ts";
import { kaimingNormal } from "../initializers.ts";
import { linear, requireCounts } from "../layers.ts";
import type { Module } from "../module.ts";
import { basicBlock, type Change, projectedShortcut, stage } from "./residual-block.ts";

export interface Resnet18Options {
  readonly form?: "imagenet" | "cifar";
  readonly classes?: number;
  /** Channels of the input. Default 3. */
  readonly channels?: number;
  /** Channels of the first stage. Default 64, the paper's. */
  readonly width?: number;
  /** False leaves a plain network. Default true. */
  readonly shortcuts?: boolean;
}

const weight = kaimingNormal({ mode: "fanOut" });

/** Images [B, 3, H, W] → logits [B, classes]. */
export function resnet18(options: Resnet18Options = {}): Module {
  const { form = "imagenet", channels = 3, width = 64, shortcuts = true } = options;
  const { classes = form === "cifar" ? 10 : 1000 } = options;
  requireCounts("resnet18", { classes, channels, width });
  const block = (change: Change) =>
    basicBlock({
      ...change,
      shortcut: shortcuts ? projectedShortcut(change, weight) : undefined,
      name: "downsample",
      weight,
    });
  const large = form === "imagenet";
  return network(
    {
      conv1: large
        ? conv2d(channels, width, 7, { stride: 2, padding: 3, bias: false, weight })
        : conv2d(channels, width, 3, { padding: 1, bias: false, weight }),
      bn1: batchNorm(width),
      layer1: stage({ inputs: width, outputs: width, stride: 1 }, 2, block),
      layer2: stage({ inputs: width, outputs: 2 * width, stride: 2 }, 2, block),
      layer3: stage({ inputs: 2 * width, outputs: 4 * width, stride: 2 }, 2, block),
      layer4: stage({ inputs: 4 * width, outputs: 8 * width, stride: 2 }, 2, block),
      fc: linear(8 * width, classes),
    },
    (x: Tensor, { conv1, bn1, layer1, layer2, layer3, layer4, fc }) => {
      const first = relu(bn1(conv1(x)));
      const pooled = large ? maxPool(first, 3, { stride: 2, padding: 1 }) : first;
      return fc(flatten(globalAveragePool(layer4(layer3(layer2(layer1(pooled)))))));
    },
  );
}

/**
 * Wide residual networks WRN-d-k: norm and rectifier come before each convolution, and all stages are k times as wide as
 * ResNet's for CIFAR. Depth d = 6n + 4.
 * Source: Zagoruyko & Komodakis, arXiv:1605.07146, Table 1; names as github.com/xternalz/WideResNet-pytorch (block1.layer.0.conv1).
 */
import { add, flatten, globalAveragePool, relu, type Tensor } from "@thalweg/graph";
import { batchNorm } from "../batch-norm.ts";
import { named, network } from "../composition.ts";
import { conv2d } from "../convolution.ts";
import { kaimingNormal, zeros } from "../initializers.ts";
import { dropout, linear, requireCounts } from "../layers.ts";
import type { Initializer, Module } from "../module.ts";
import { type Change, stage } from "./residual-block.ts";

export interface WideResnetOptions {
  /** d = 6n + 4: 16, 22, 28, 40 in the paper. */
  readonly depth: number;
  /** k: 4, 8 or 10 in the paper's best. */
  readonly width: number;
  readonly classes?: number;
  /** Channels of the input. Default 3. */
  readonly channels?: number;
  /** Between the convolutions of a block. Default 0; the paper also tries 0.3. */
  readonly dropout?: number;
  /** Starting values of convolutions. Default Kaiming's normal ones by the outputs, the paper's. */
  readonly weight?: Initializer;
  /** Starting values of the last layer. Default as linear's. */
  readonly head?: Initializer;
}

const paper = kaimingNormal({ mode: "fanOut" });

/** Images [B, 3, H, W] → logits [B, classes]; H = W = 32 in the paper. */
export function wideResnet(options: WideResnetOptions): Module {
  const { depth, width, classes = 10, channels = 3, dropout: p = 0, weight = paper, head } = options;
  requireCounts("wideResnet", { width, classes, channels });
  const blocks = (depth - 4) / 6;
  if (!(Number.isInteger(blocks) && blocks >= 1)) {
    throw new RangeError(
      `Cannot build wideResnet as depth must be 6n + 4, such as 16, 28 or 40: current value is ${depth}`,
    );
  }
  const group = (change: Change) => named({ layer: stage(change, blocks, (part) => block(part, p, weight)) });
  const [first, second, third] = [16 * width, 32 * width, 64 * width];
  return network(
    {
      conv1: conv2d(channels, 16, 3, { padding: 1, bias: false, weight }),
      block1: group({ inputs: 16, outputs: first, stride: 1 }),
      block2: group({ inputs: first, outputs: second, stride: 2 }),
      block3: group({ inputs: second, outputs: third, stride: 2 }),
      bn1: batchNorm(third),
      fc: linear(third, classes, { bias: zeros, ...(head && { weight: head }) }),
    },
    (x: Tensor, { conv1, block1, block2, block3, bn1, fc }) =>
      fc(flatten(globalAveragePool(relu(bn1(block3(block2(block1(conv1(x))))))))),
  );
}

/** y = shortcut + conv2(relu(bn2(conv1(a)))) with a = relu(bn1(x)); the shortcut is x, or a convolution of a where channels change. */
function block({ inputs, outputs, stride }: Change, p: number, weight: Initializer): Module {
  const branch = {
    bn1: batchNorm(inputs),
    conv1: conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false, weight }),
    bn2: batchNorm(outputs),
    dropout: dropout(p),
    conv2: conv2d(outputs, outputs, 3, { padding: 1, bias: false, weight }),
  };
  if (inputs === outputs) {
    return network(branch, (x: Tensor, { bn1, conv1, bn2, dropout, conv2 }) =>
      add(x, conv2(dropout(relu(bn2(conv1(relu(bn1(x)))))))),
    );
  }
  const convShortcut = conv2d(inputs, outputs, 1, { stride, bias: false, weight });
  return network(
    { ...branch, convShortcut },
    (x: Tensor, { bn1, conv1, bn2, dropout, conv2, convShortcut }) => {
      const a = relu(bn1(x));
      return add(convShortcut(a), conv2(dropout(relu(bn2(conv1(a))))));
    },
  );
}

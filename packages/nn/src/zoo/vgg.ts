/**
 * VGG: convolutions of 3×3 in stages that halve the image and widen it. VGG-11 as torchvision has it, for large images, or with the
 * one linear layer that CIFAR needs; VGG-9 as the loss-landscape study uses it. All with or without batch normalisation.
 *
 * Sources  Simonyan & Zisserman, arXiv:1409.1556, Table 1, column A; torchvision, vgg11 and vgg11_bn (names features.k, classifier.k);
 *          Li et al., arXiv:1712.09913; github.com/tomgoldstein/loss-landscape, cifar10/models/vgg.py (names features.k, fc.k, classifier).
 */
import { relu } from "../activations.ts";
import { batchNorm } from "../batch-norm.ts";
import { named, sequential } from "../composition.ts";
import { conv2d } from "../convolution.ts";
import { kaimingNormal, normal, zeros } from "../initializers.ts";
import { dropout, flatten, type LinearOptions, linear, requireCounts } from "../layers.ts";
import type { Module } from "../module.ts";
import { adaptiveAveragePool2d, maxPool2d } from "../pooling.ts";

/** Channels of each convolution, over 64; 0 stands for a pooling layer. */
const STAGES = {
  9: [1, 1, 0, 2, 2, 0, 4, 4, 4, 0],
  11: [1, 0, 2, 0, 4, 4, 0, 8, 8, 0, 8, 8, 0],
} as const;

export interface VggOptions {
  readonly classes?: number;
  /** Channels of the input. Default 3. */
  readonly channels?: number;
  /** Channels of the first stage. Default 64, the paper's. */
  readonly width?: number;
  readonly batchNorm?: boolean;
}

/** torchvision's starting values: what goes back through a rectifier keeps its size. */
const convolution = { weight: kaimingNormal({ mode: "fanOut" }), bias: zeros };
const dense: LinearOptions = { weight: normal(0, 0.01), bias: zeros };

/** Convolutions, norms, rectifiers and pools in one sequence, numbered as in torchvision. */
function features(stages: readonly number[], options: Required<VggOptions>): Module {
  const widths = stages.map((stage) => stage * options.width);
  const layers = widths.flatMap((outputs, k) => {
    if (outputs === 0) return [maxPool2d(2)];
    const inputs = widths.slice(0, k).findLast((width) => width > 0) ?? options.channels;
    const norm = options.batchNorm ? [batchNorm(outputs)] : [];
    return [conv2d(inputs, outputs, 3, { padding: 1, ...convolution }), ...norm, relu()];
  });
  return sequential(...layers);
}

function complete(layer: string, options: VggOptions, usual: Required<VggOptions>): Required<VggOptions> {
  const all = { ...usual, ...options };
  const { classes, channels, width } = all;
  requireCounts(layer, { classes, channels, width });
  return all;
}

/** Nine layers for images [B, 3, 32, 32] → logits [B, classes]. Batch normalisation is the default. */
export function vgg9(options: VggOptions = {}): Module {
  const all = complete("vgg9", options, { classes: 10, channels: 3, width: 64, batchNorm: true });
  const last = 4 * all.width;
  const norm = all.batchNorm ? [batchNorm(last)] : [];
  return named({
    features: features(STAGES[9], all),
    flatten: flatten(),
    fc: sequential(linear(last * 4 * 4, last), ...norm, relu()), // 32 / 2³ = 4
    classifier: linear(last, all.classes),
  });
}

export interface Vgg11Options extends VggOptions {
  /** "cifar": the last plane goes to one linear layer, for images of 32 × 32. Default "imagenet". */
  readonly form?: "imagenet" | "cifar";
  /** Values in the hidden layers of the ImageNet form. Default 4096. */
  readonly hidden?: number;
  /** Of the hidden layers. Default 0.5. */
  readonly dropout?: number;
}

/** Eleven layers for images [B, 3, H, W] → logits [B, classes]. Without batch normalisation by default, as in the paper. */
export function vgg11(options: Vgg11Options = {}): Module {
  const { form = "imagenet", hidden = 4096, dropout: p = 0.5 } = options;
  const usual = { classes: form === "cifar" ? 10 : 1000, channels: 3, width: 64, batchNorm: false };
  const all = complete("vgg11", options, usual);
  const last = 8 * all.width;
  if (form === "cifar") {
    return named({
      features: features(STAGES[11], all),
      flatten: flatten(),
      classifier: linear(last, all.classes),
    });
  }
  return named({
    features: features(STAGES[11], all),
    avgpool: adaptiveAveragePool2d(7),
    flatten: flatten(),
    classifier: sequential(
      linear(last * 7 * 7, hidden, dense),
      relu(),
      dropout(p),
      linear(hidden, hidden, dense),
      relu(),
      dropout(p),
      linear(hidden, all.classes, dense),
    ),
  });
}

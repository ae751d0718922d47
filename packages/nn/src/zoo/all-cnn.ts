/**
 * All-CNN-C: nine convolutions and nothing else; strides take the place of pooling. In DeepOBS' form: Xavier's starting values, biases of
 * 0.1, a rectifier after the last convolution too, padding "same" as TensorFlow has it.
 * Source: Springenberg et al., arXiv:1412.6806, Table 1; github.com/fsschneider/DeepOBS, cifar100_allcnnc.
 */
import { reduceMean } from "@thalweg/graph";
import { relu } from "../activations.ts";
import { named } from "../composition.ts";
import { conv2d } from "../convolution.ts";
import { constant, xavierNormal } from "../initializers.ts";
import { dropout, lambda } from "../layers.ts";
import type { Module } from "../module.ts";

/** Images [B, 3, 32, 32] → logits [B, classes]. */
export function allCnnC(options: { readonly classes?: number; readonly channels?: number } = {}): Module {
  const { classes = 100, channels = 3 } = options;
  const start = { weight: xavierNormal(), bias: constant(0.1) };
  const same = (inputs: number, outputs: number) => conv2d(inputs, outputs, 3, { padding: 1, ...start });
  // an even size n needs one row for n/2 windows of 3 with stride 2, and it goes to the end
  const halve = (size: number) => conv2d(size, size, 3, { stride: 2, padding: [0, 0, 1, 1], ...start });
  return named({
    drop0: dropout(0.2),
    conv1: same(channels, 96),
    relu1: relu(),
    conv2: same(96, 96),
    relu2: relu(),
    conv3: halve(96), // 16
    relu3: relu(),
    drop3: dropout(0.5),
    conv4: same(96, 192),
    relu4: relu(),
    conv5: same(192, 192),
    relu5: relu(),
    conv6: halve(192), // 8
    relu6: relu(),
    drop6: dropout(0.5),
    conv7: conv2d(192, 192, 3, start), // 6
    relu7: relu(),
    conv8: conv2d(192, 192, 1, start),
    relu8: relu(),
    conv9: conv2d(192, classes, 1, start),
    relu9: relu(),
    mean: lambda((x) => reduceMean(x, [2, 3])),
  });
}

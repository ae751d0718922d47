/**
 * Two small convolutional networks on which optimizers are compared: 2c2d for MNIST and Fashion-MNIST, 3c3d for CIFAR-10.
 * Source: Schneider et al., "DeepOBS", arXiv:1903.05499; github.com/fsschneider/DeepOBS, net_mnist_2c2d and net_cifar10_3c3d
 * (names conv1 dense1 …; padding "same" as TensorFlow has it, at the end first; starting values).
 */
import { relu } from "../activations.ts";
import { named } from "../composition.ts";
import { conv2d } from "../convolution.ts";
import { constant, truncatedNormal, xavierNormal, xavierUniform, zeros } from "../initializers.ts";
import { flatten, linear } from "../layers.ts";
import type { Module } from "../module.ts";
import { maxPool2d } from "../pooling.ts";

/** Images [B, 1, 28, 28] → logits [B, classes]. */
export function net2c2d(options: { readonly classes?: number; readonly channels?: number } = {}): Module {
  const { classes = 10, channels = 1 } = options;
  // TensorFlow's truncated normal: at two standard deviations
  const start = { weight: truncatedNormal({ std: 0.05, low: -0.1, high: 0.1 }), bias: constant(0.05) };
  return named({
    conv1: conv2d(channels, 32, 5, { padding: 2, ...start }),
    relu1: relu(),
    max_pool1: maxPool2d(2), // 14
    conv2: conv2d(32, 64, 5, { padding: 2, ...start }),
    relu2: relu(),
    max_pool2: maxPool2d(2), // 7
    flatten: flatten(),
    dense1: linear(7 * 7 * 64, 1024, start),
    relu3: relu(),
    dense2: linear(1024, classes, start),
  });
}

/** Images [B, 3, 32, 32] → logits [B, classes]. The published problem adds an L2 term of 0.002 to the loss. */
export function net3c3d(options: { readonly classes?: number; readonly channels?: number } = {}): Module {
  const { classes = 10, channels = 3 } = options;
  const kernel = { weight: xavierNormal(), bias: zeros };
  const dense = { weight: xavierUniform(), bias: zeros };
  // an even size n needs one row for n/2 windows of 3 with stride 2, and it goes to the end
  const halve = () => maxPool2d(3, { stride: 2, padding: [0, 0, 1, 1] });
  return named({
    conv1: conv2d(channels, 64, 5, kernel), // 28
    relu1: relu(),
    maxpool1: halve(), // 14
    conv2: conv2d(64, 96, 3, kernel), // 12
    relu2: relu(),
    maxpool2: halve(), // 6
    conv3: conv2d(96, 128, 3, { padding: 1, ...kernel }),
    relu3: relu(),
    maxpool3: halve(), // 3
    flatten: flatten(),
    dense1: linear(3 * 3 * 128, 512, dense),
    relu4: relu(),
    dense2: linear(512, 256, dense),
    relu5: relu(),
    dense3: linear(256, classes, dense),
  });
}

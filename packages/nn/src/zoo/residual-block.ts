/**
 * The block that residual networks for CIFAR and for ImageNet share: two convolutions of 3×3, each with batch
 * normalisation, around them a shortcut, and a rectifier after the sum. They differ in the shortcut's form and name.
 * Source: He et al., arXiv:1512.03385, Figure 2 and eq. 1–2.
 */
import { add, pad, relu, slice, type Tensor } from "@thalweg/graph";
import { batchNorm } from "../batch-norm.ts";
import { network, sequential } from "../composition.ts";
import { conv2d } from "../convolution.ts";
import { identity, lambda } from "../layers.ts";
import type { Initializer, Module } from "../module.ts";

export interface BlockOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
  /** What is added to the branch; none leaves a plain network. */
  readonly shortcut: Module | undefined;
  /** The shortcut's name in torch: its parameters begin with it. */
  readonly name: "shortcut" | "downsample";
  readonly weight: Initializer;
}

/** relu(shortcut(x) + bn2(conv2(relu(bn1(conv1(x)))))) */
export function basicBlock(options: BlockOptions): Module {
  const { inputs, outputs, stride, shortcut, name, weight } = options;
  const branch = {
    conv1: conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false, weight }),
    bn1: batchNorm(outputs),
    conv2: conv2d(outputs, outputs, 3, { padding: 1, bias: false, weight }),
    bn2: batchNorm(outputs),
  };
  if (shortcut === undefined) {
    return network(branch, (x: Tensor, { conv1, bn1, conv2, bn2 }) => relu(bn2(conv2(relu(bn1(conv1(x)))))));
  }
  return network(
    { ...branch, [name]: shortcut } as typeof branch & { [name: string]: Module },
    (x: Tensor, children) => {
      const { conv1, bn1, conv2, bn2 } = children;
      return relu(add(bn2(conv2(relu(bn1(conv1(x))))), children[name]!(x)));
    },
  );
}

/** The shapes that a shortcut joins. */
export type Change = Pick<BlockOptions, "inputs" | "outputs" | "stride">;
const changes = ({ inputs, outputs, stride }: Change) => inputs !== outputs || stride !== 1;

/** Option A: every second pixel, and zeros for the new channels, half before and half after. It has no parameters. */
export function paddedShortcut(change: Change): Module {
  if (!changes(change)) return identity();
  const { inputs, outputs, stride } = change;
  const before = Math.floor((outputs - inputs) / 2);
  return lambda((x) => {
    const [, , H, W] = x.shape as [number, number, number, number];
    const fewer = slice(x, [0, 0], [H, W], [2, 3], [stride, stride]);
    return pad(fewer, [0, before, 0, 0], [0, outputs - inputs - before, 0, 0]);
  });
}

/** Option B: a convolution of 1×1 with batch normalisation, where the shape changes. */
export const projectedShortcut = (change: Change, weight: Initializer): Module =>
  changes(change)
    ? sequential(
        conv2d(change.inputs, change.outputs, 1, { stride: change.stride, bias: false, weight }),
        batchNorm(change.outputs),
      )
    : identity();

/** One stage: the first block changes channels and size, the others keep them. */
export const stage = (change: Change, blocks: number, block: (change: Change) => Module): Module =>
  sequential(
    ...Array.from({ length: blocks }, (_, k) =>
      block(k === 0 ? change : { inputs: change.outputs, outputs: change.outputs, stride: 1 }),
    ),
  );

/**
 * What every contestant of a benchmark computes: sizes, hyperparameters, and the numbers to start from.
 *
 * The initial values come from a hash of (seed, index) that is exact in float32, so that a contestant in any
 * language starts from the same bits, and its losses after k steps can be compared with everyone else's.
 * `peers/pytorch.py` holds the same formula in NumPy. Sizes reach the contestants as JSON: they are written here only.
 *
 * Source: the hash is Chris Wellons' `lowbias32` (hash-prospector, public domain).
 */

export interface Workload {
  /** What is computed, for a reader of the results. */
  readonly title: string;
  /** Untimed steps first; the check is taken after them. */
  readonly warmup: number;
  /** Bytes that the best possible program must move, for the bandwidth column. */
  readonly bytes?: number;
  /** Everything a contestant needs to know, as JSON. */
  readonly sizes: Readonly<Record<string, unknown>>;
}

const PARAMETERS = 1e7;

export const workloads = {
  step: {
    title: "One AdamW update of 10⁷ float32 parameters in one tensor",
    warmup: 3,
    bytes: PARAMETERS * 4 * 7, // reads θ g m v, writes θ m v
    sizes: { count: PARAMETERS, lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1 },
  },
  copy: {
    title:
      "Moving the bytes of that update (reads 4 vectors of 10⁷ float32, writes 3) without its arithmetic",
    warmup: 3,
    bytes: PARAMETERS * 4 * 7,
    sizes: { count: PARAMETERS },
  },
  mlp: {
    title:
      "MLP 784-512-512-10, ReLU, batch 128, cross-entropy: one training step (forward, backward, SGD update)",
    warmup: 3,
    sizes: { batch: 128, layers: [784, 512, 512, 10], lr: 0.02 },
  },
  conv: {
    title:
      "Six 3×3 convolutions, 16 channels at 32×32, padding 1, ReLU between, global average pool, linear to 10, batch 64: one SGD step",
    warmup: 1,
    sizes: { batch: 64, channels: 16, size: 32, depth: 6, classes: 10, lr: 0.1 },
  },
  gpt: {
    title:
      "GPT, 4 layers of width 128 with 4 heads, 96 tokens, tied output, exact GELU (822 k parameters), 16 sequences of 128: one SGD step",
    warmup: 2,
    sizes: { batch: 16, positions: 128, vocabulary: 96, layers: 4, heads: 4, width: 128, lr: 0.1 },
  },
  resnet20: {
    title:
      "ResNet-20 for CIFAR, batch normalisation in training, shortcuts padded with zeros, batch 128 of 3×32×32: one SGD step",
    warmup: 1,
    sizes: { batch: 128, classes: 10, lr: 0.05 },
  },
  vgg9: {
    title:
      "VGG-9 for CIFAR (64 to 256 channels), batch normalisation in training, batch 64 of 3×32×32: one SGD step",
    warmup: 1,
    sizes: { batch: 64, classes: 10, lr: 0.02 },
  },
} as const satisfies Record<string, Workload>;

export type BenchmarkName = keyof typeof workloads;

/** Sizes of one benchmark as its contestants receive them. */
export type Sizes<B extends BenchmarkName> = (typeof workloads)[B]["sizes"];

/** A well-mixed 32-bit hash of (seed, index): same inputs, same bits, in any language. */
export function hash32(seed: number, index: number): number {
  let x = (index + Math.imul(seed, 0x9e3779b9)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** `count` float32 numbers in [low, high): low + (high − low)·h/2²⁴ with h the upper 24 bits of the hash. */
export function uniform(seed: number, count: number, low: number, high: number): Float32Array {
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = low + (high - low) * ((hash32(seed, i) >>> 8) / 2 ** 24);
  return out;
}

/** `count` class labels in 0 … classes−1. */
export function labels(seed: number, count: number, classes: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => hash32(seed, i) % classes);
}

/** Weights of a layer, row-major with outputs first (PyTorch's layout), He-uniform: |w| < √(6 / fan-in). */
export function weights(layer: number, outputs: number, fanIn: number): Float32Array {
  const bound = Math.sqrt(6 / fanIn);
  return uniform(10 + layer, outputs * fanIn, -bound, bound);
}

/** The seeds of the data, shared by all contestants. */
export const SEED = { x: 1, labels: 2, theta: 3, gradient: 4 } as const;

/** Mean |θ| over the first thousand parameters: what the `step` contestants report as their check. */
export function meanMagnitude(theta: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < 1000; i++) sum += Math.abs(theta[i]!);
  return sum / 1000;
}

/** Row-major transpose of an array with axes permuted: out axis k is in axis `order[k]`. */
export function permuteAxes(
  data: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const outShape = order.map((axis) => shape[axis]!);
  const outStrides = order.map((axis) => strides[axis]!);
  const out = new Float32Array(data.length);
  const index = outShape.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    let from = 0;
    for (let k = 0; k < index.length; k++) from += index[k]! * outStrides[k]!;
    out[i] = data[from]!;
    for (let k = index.length - 1; k >= 0 && ++index[k]! === outShape[k]!; k--) index[k] = 0;
  }
  return out;
}

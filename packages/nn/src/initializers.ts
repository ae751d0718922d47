/**
 * Starting values. Xavier keeps the variance of activations and of gradients level through a linear layer, Kaiming
 * through a layer followed by a rectifier. With fan the number of inputs (or outputs) of one unit:
 *
 *   Xavier    Var = gain² · 2 / (fanIn + fanOut)            Glorot & Bengio, AISTATS 2010, eq. 16
 *   Kaiming   Var = gain² / fan                             He et al., arXiv:1502.01852, eq. 10
 *
 * A uniform distribution on [−b, b] has variance b²/3, hence the bounds b = √(3 Var). Names and defaults are torch's.
 */
import { type Shape, sizeOf } from "@thalweg/graph";
import type { Stream } from "@thalweg/random";
import type { Initializer } from "./module.ts";

/** Inputs and outputs of one unit: weights are [outputs, inputs, …kernel], and the kernel counts in both. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const [outputs, inputs, ...kernel] = shape;
  if (outputs === undefined || inputs === undefined) {
    throw new RangeError(
      `Cannot compute fans of shape [${shape.join(", ")}] as a weight has two axes or more, [outputs, inputs, ...kernel]: use zeros, ones or uniform for vectors`,
    );
  }
  const receptive = kernel.reduce((n, d) => n * d, 1);
  return { fanIn: inputs * receptive, fanOut: outputs * receptive };
}

/** Factors that make up for what a nonlinearity does to the variance. Source: torch.nn.init.calculate_gain. */
export const gains = {
  linear: 1,
  sigmoid: 1,
  tanh: 5 / 3,
  relu: Math.SQRT2,
  selu: 3 / 4,
  /** √(2 / (1 + slope²)) */
  leakyRelu: (slope: number): number => Math.sqrt(2 / (1 + slope * slope)),
} as const;

export const zeros: Initializer = (out) => {
  out.fill(0);
};
export const ones: Initializer = (out) => {
  out.fill(1);
};

export const constant =
  (value: number): Initializer =>
  (out) => {
    out.fill(value);
  };

/** Uniform on [low, high). */
export const uniform =
  (low: number, high: number): Initializer =>
  (out, _, random) => {
    random.fillUniform(out, low, high);
  };

/** Normal with the given mean and standard deviation. */
export const normal =
  (mean: number, std: number): Initializer =>
  (out, _, random) => {
    random.fillNormal(out, mean, std);
  };

/** Both distributions of one variance, which is a function of the shape. */
const uniformOfVariance =
  (variance: (shape: Shape) => number): Initializer =>
  (out, shape, random) => {
    const bound = Math.sqrt(3 * variance(shape));
    random.fillUniform(out, -bound, bound);
  };
const normalOfVariance =
  (variance: (shape: Shape) => number): Initializer =>
  (out, shape, random) => {
    random.fillNormal(out, 0, Math.sqrt(variance(shape)));
  };

export interface XavierOptions {
  /** Default 1, for linear units. */
  readonly gain?: number;
}
const xavierVariance =
  ({ gain = 1 }: XavierOptions) =>
  (shape: Shape) => {
    const { fanIn, fanOut } = fans(shape);
    return (gain * gain * 2) / (fanIn + fanOut);
  };
export const xavierUniform = (options: XavierOptions = {}): Initializer =>
  uniformOfVariance(xavierVariance(options));
export const xavierNormal = (options: XavierOptions = {}): Initializer =>
  normalOfVariance(xavierVariance(options));

export interface KaimingOptions {
  /** `fanIn` keeps activations level on the way forward, `fanOut` gradients on the way back. Default `fanIn`. */
  readonly mode?: "fanIn" | "fanOut";
  /** Default √2, for rectifiers. */
  readonly gain?: number;
}
const kaimingVariance =
  ({ mode = "fanIn", gain = gains.relu }: KaimingOptions) =>
  (shape: Shape) =>
    (gain * gain) / fans(shape)[mode];
export const kaimingUniform = (options: KaimingOptions = {}): Initializer =>
  uniformOfVariance(kaimingVariance(options));
export const kaimingNormal = (options: KaimingOptions = {}): Initializer =>
  normalOfVariance(kaimingVariance(options));

/** torch's default for the weight of a linear or convolution layer: kaimingUniform with a = √5, so the bound is 1/√fanIn. */
export const layerWeight: Initializer = kaimingUniform({ gain: gains.leakyRelu(Math.sqrt(5)) });
/** torch's default for the bias beside a weight of that fan: uniform on ±1/√fanIn. */
export const layerBias = (fanIn: number): Initializer => uniform(-1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));

/** torch's default for every weight and bias of a recurrent layer: uniform on ±1/√hidden. */
export const recurrent = (hidden: number): Initializer => layerBias(hidden);

/**
 * GPT-2's starting values for a layer that ends a branch: normal with std/√branches, so that the sum of all branches keeps its
 * size. A transformer of n layers has 2n branches. Source: Radford et al., 2019, §2.3.
 */
export const branchEnd = (branches: number, std = 0.02): Initializer => normal(0, std / Math.sqrt(branches));

export interface TruncatedNormalOptions {
  readonly mean?: number;
  readonly std?: number;
  /** Bounds of the values themselves, not of their distance from the mean in units of std. Default −2 and 2. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * Normal, conditioned on lying in [low, high]: draws outside are drawn again. Defaults are torch's, so with std = 0.02 hardly
 * a value is cut off; the paper's truncation at two standard deviations is `{ std, low: -2 * std, high: 2 * std }`.
 */
export const truncatedNormal = (options: TruncatedNormalOptions = {}): Initializer => {
  const { mean = 0, std = 1, low = -2, high = 2 } = options;
  // within four standard deviations of the mean, at least one draw in some 20 000 lies inside any interval of width 1 std
  if (!(std > 0 && low < high && low < mean + 4 * std && high > mean - 4 * std)) {
    throw new RangeError(
      `Cannot build truncatedNormal as std must be above 0 and [low, high] must reach within 4 std of the mean: current values are mean ${mean}, std ${std}, [${low}, ${high}]`,
    );
  }
  return (out, _, random) => {
    for (let i = 0; i < out.length; i++) {
      do out[i] = mean + std * random.normal();
      while (!(out[i]! >= low && out[i]! <= high));
    }
  };
};

/**
 * Orthonormal rows, or columns where those are fewer, times gain: W Wᵀ = gain² I. A kernel counts as [outputs, inputs · positions].
 * Source: Saxe et al., arXiv:1312.6120. As torch.nn.init.orthogonal_, with the signs that make the distribution uniform.
 */
export const orthogonal =
  ({ gain = 1 }: { readonly gain?: number } = {}): Initializer =>
  (out, shape, random) => {
    const rows = shape[0];
    if (rows === undefined || shape.length < 2) {
      throw new RangeError(
        `Cannot initialise shape [${shape.join(", ")}] orthogonally as it needs two axes or more: use zeros or ones for vectors`,
      );
    }
    out.set(semiOrthogonal(rows, sizeOf(shape) / rows, random).map((value) => gain * value));
  };

/** Uniform among matrices with orthonormal rows, or columns where those are fewer. Row-major, float64. */
export function semiOrthogonal(rows: number, cols: number, random: Stream): Float64Array {
  const [count, length] = rows < cols ? [rows, cols] : [cols, rows];
  const vectors = orthonormalize(
    Array.from({ length: count }, () => Float64Array.from({ length }, () => random.normal())),
  );
  const at = (i: number, j: number) => (rows < cols ? vectors[i]![j]! : vectors[j]![i]!);
  return Float64Array.from({ length: rows * cols }, (_, k) => at(Math.floor(k / cols), k % cols));
}

/**
 * Gram and Schmidt's procedure, in place: each vector loses what it shares with those before it and gets length 1. Twice, as once
 * loses orthogonality to rounding. It gives the Q of a QR decomposition whose R has a positive diagonal, hence uniform
 * directions from normal vectors (Mezzadri, arXiv:math-ph/0609050, §5).
 */
export function orthonormalize(vectors: Float64Array[]): Float64Array[] {
  vectors.forEach((vector, k) => {
    for (const earlier of [...vectors.slice(0, k), ...vectors.slice(0, k)]) {
      const overlap = dot(vector, earlier);
      for (let i = 0; i < vector.length; i++) vector[i]! -= overlap * earlier[i]!;
    }
    const norm = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < vector.length; i++) vector[i]! /= norm;
  });
  return vectors;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * A convolution that passes its input through: 1 at the kernel's middle from channel i to channel i of each group, 0
 * elsewhere. Source: torch.nn.init.dirac_.
 */
export const dirac =
  ({ groups = 1 }: { readonly groups?: number } = {}): Initializer =>
  (out, shape) => {
    const [outputs, inputs, ...kernel] = shape;
    if (outputs === undefined || inputs === undefined || kernel.length === 0 || outputs % groups !== 0) {
      throw new RangeError(
        `Cannot initialise shape [${shape.join(", ")}] by dirac as it needs [outputs, inputs, ...kernel] with outputs divisible by ${groups} groups`,
      );
    }
    out.fill(0);
    const positions = sizeOf(kernel);
    const middle = kernel.reduce((at, size) => at * size + Math.floor(size / 2), 0);
    const perGroup = outputs / groups;
    for (let output = 0; output < outputs; output++) {
      const input = output % perGroup;
      if (input < inputs) out[(output * inputs + input) * positions + middle] = 1;
    }
  };

/**
 * Starting values. Xavier keeps the variance of activations and of gradients level through a linear layer, Kaiming
 * through a layer followed by a rectifier. With fan the number of inputs (or outputs) of one unit:
 *
 *   Xavier    Var = gain² · 2 / (fanIn + fanOut)            Glorot & Bengio, AISTATS 2010, eq. 16
 *   Kaiming   Var = gain² / fan                             He et al., arXiv:1502.01852, eq. 10
 *
 * A uniform distribution on [−b, b] has variance b²/3, hence the bounds b = √(3 Var). Names and defaults are torch's.
 */
import type { Shape } from "@thalweg/graph";
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
  /** √(2 / (1 + slope²)) */
  leakyRelu: (slope: number): number => Math.sqrt(2 / (1 + slope * slope)),
} as const;

export const zeros: Initializer = (out) => {
  out.fill(0);
};
export const ones: Initializer = (out) => {
  out.fill(1);
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

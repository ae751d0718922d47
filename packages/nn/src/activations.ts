/**
 * Activations as modules, with torch.nn's names, formulas and defaults. The functions are the graph's; what stands here more
 * are torch's constants, and compositions that ONNX has no operator for.
 */
import {
  celu as celuOf,
  clip,
  elu as eluOf,
  gelu as geluOf,
  hardSigmoid as hardSigmoidOf,
  hardSwish as hardSwishOf,
  leakyRelu as leakyReluOf,
  logSoftmax as logSoftmaxOf,
  mish as mishOf,
  mul,
  neg,
  prelu as preluOf,
  relu as rectify,
  reshape,
  selu as seluOf,
  sigmoid as sigmoidOf,
  slice,
  softmax as softmaxOf,
  softplus as softplusOf,
  softsign as softsignOf,
  type Tensor,
  tanh as tanhOf,
} from "@thalweg/graph";
import { constant } from "./initializers.ts";
import { lambda, requireCounts } from "./layers.ts";
import type { Module } from "./module.ts";

/** Each activation of one tensor without options, by its name. */
export const activations = {
  /** max(0, x) */
  relu: (x: Tensor): Tensor => rectify(x),
  /** min(max(0, x), 6). Source: Howard et al., arXiv:1704.04861. */
  relu6: (x: Tensor): Tensor => clip(x, 0, 6),
  /** max(0, x)². Source: So et al., arXiv:2109.08668. */
  reluSquared: (x: Tensor): Tensor => {
    const y = rectify(x);
    return mul(y, y);
  },
  /** x Φ(x), by the error function. Source: Hendrycks & Gimpel, arXiv:1606.08415. */
  gelu: (x: Tensor): Tensor => geluOf(x),
  /** x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), gelu as GPT-2 computes it. */
  geluTanh: (x: Tensor): Tensor => geluOf(x, "tanh"),
  /** λ x, and λ α (eˣ − 1) below 0, so that activations keep mean 0 and variance 1. Source: Klambauer et al., arXiv:1706.02515. */
  selu: (x: Tensor): Tensor => seluOf(x),
  /** x σ(x), also called swish. Source: Ramachandran et al., arXiv:1710.05941. */
  silu: (x: Tensor): Tensor => mul(x, sigmoidOf(x)),
  /** x tanh(ln(1 + eˣ)). Source: Misra, arXiv:1908.08681. */
  mish: (x: Tensor): Tensor => mishOf(x),
  sigmoid: (x: Tensor): Tensor => sigmoidOf(x),
  logSigmoid: (x: Tensor): Tensor => neg(softplusOf(neg(x))),
  /** max(0, min(1, x/6 + 1/2)) */
  hardSigmoid: (x: Tensor): Tensor => hardSigmoidOf(x, 1 / 6, 0.5),
  /** x · hardSigmoid(x). Source: Howard et al., arXiv:1905.02244. */
  hardSwish: (x: Tensor): Tensor => hardSwishOf(x),
  tanh: (x: Tensor): Tensor => tanhOf(x),
  /** min(max(−1, x), 1) */
  hardTanh: (x: Tensor): Tensor => clip(x, -1, 1),
  /** ln(1 + eˣ) */
  softplus: (x: Tensor): Tensor => softplusOf(x),
  /** x / (1 + |x|) */
  softsign: (x: Tensor): Tensor => softsignOf(x),
} as const;
export type Activation = keyof typeof activations;

/** The module of a named activation. */
export const activation = (name: Activation): Module => lambda((x) => activations[name](x));

export const relu = (): Module => activation("relu");
export const relu6 = (): Module => activation("relu6");
export const reluSquared = (): Module => activation("reluSquared");
export const gelu = (): Module => activation("gelu");
export const geluTanh = (): Module => activation("geluTanh");
export const selu = (): Module => activation("selu");
export const silu = (): Module => activation("silu");
export const mish = (): Module => activation("mish");
export const sigmoid = (): Module => activation("sigmoid");
export const logSigmoid = (): Module => activation("logSigmoid");
export const hardSigmoid = (): Module => activation("hardSigmoid");
export const hardSwish = (): Module => activation("hardSwish");
export const tanh = (): Module => activation("tanh");
export const hardTanh = (): Module => activation("hardTanh");
export const softplus = (): Module => activation("softplus");
export const softsign = (): Module => activation("softsign");

/** x where it is positive, slope · x elsewhere. */
export const leakyRelu = (slope = 0.01): Module => lambda((x) => leakyReluOf(x, slope));
/** x where it is positive, alpha (eˣ − 1) elsewhere. Source: Clevert et al., arXiv:1511.07289. */
export const elu = (alpha = 1): Module => lambda((x) => eluOf(x, alpha));
/** As elu, with exp(x/alpha), which leaves its slope continuous. Source: Barron, arXiv:1704.07483. */
export const celu = (alpha = 1): Module => lambda((x) => celuOf(x, alpha));

/**
 * leakyRelu with a slope that is learnt, one for all channels or one for each of [B, channels, ...]; it starts at 0.25.
 * Source: He et al., arXiv:1502.01852.
 */
export function prelu(channels = 1): Module {
  requireCounts("prelu", { channels });
  return {
    parameters: [{ name: "weight", shape: [channels], initialize: constant(0.25), kind: "scale" }],
    buffers: [],
    forward: (x, context) =>
      preluOf(x, reshape(context.parameter("weight"), [channels, ...x.shape.slice(2).map(() => 1)])),
  };
}

/** a σ(b), where a and b are the halves of x along an axis. Source: Dauphin et al., arXiv:1612.08083. */
export const glu = (axis = -1): Module =>
  lambda((x) => {
    const size = x.shape.at(axis) ?? 1;
    if (size % 2 !== 0) {
      throw new RangeError(
        `Cannot apply glu to ${x} as axis ${axis} must split into halves: its size is ${size}`,
      );
    }
    return mul(slice(x, [0], [size / 2], [axis]), sigmoidOf(slice(x, [size / 2], [size], [axis])));
  });

export const softmax = (axis = -1): Module => lambda((x) => softmaxOf(x, axis));
export const logSoftmax = (axis = -1): Module => lambda((x) => logSoftmaxOf(x, axis));

/**
 * Activations as modules, with torch.nn's formulas and defaults. The functions are the graph's; what stands here more
 * are compositions that it has no operator for.
 */
import {
  add,
  gelu as erfGelu,
  logSoftmax as logSoftmaxOf,
  mul,
  relu as rectify,
  sigmoid as sigmoidOf,
  softmax as softmaxOf,
  sub,
  type Tensor,
  tanh as tanhOf,
} from "@thalweg/graph";
import { lambda } from "./layers.ts";
import type { Module } from "./module.ts";

/** Each activation of one tensor without options, by its name. */
export const activations = {
  /** max(0, x) */
  relu: (x: Tensor): Tensor => rectify(x),
  /** max(0, x)². Source: So et al., arXiv:2109.08668. */
  reluSquared: (x: Tensor): Tensor => {
    const y = rectify(x);
    return mul(y, y);
  },
  /** x Φ(x), by the error function. Source: Hendrycks & Gimpel, arXiv:1606.08415. */
  gelu: (x: Tensor): Tensor => erfGelu(x),
  /** x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), gelu as GPT-2 computes it. */
  geluTanh: (x: Tensor): Tensor => {
    const cubic = mul(add(x, mul(mul(x, mul(x, x)), 0.044715)), Math.sqrt(2 / Math.PI));
    return mul(mul(x, 0.5), add(tanhOf(cubic), 1));
  },
  /** x σ(x), also called swish. */
  silu: (x: Tensor): Tensor => mul(x, sigmoidOf(x)),
  sigmoid: (x: Tensor): Tensor => sigmoidOf(x),
  tanh: (x: Tensor): Tensor => tanhOf(x),
} as const;
export type Activation = keyof typeof activations;

/** The module of a named activation. */
export const activation = (name: Activation): Module => lambda((x) => activations[name](x));

export const relu = (): Module => activation("relu");
export const reluSquared = (): Module => activation("reluSquared");
export const gelu = (): Module => activation("gelu");
export const geluTanh = (): Module => activation("geluTanh");
export const silu = (): Module => activation("silu");
export const sigmoid = (): Module => activation("sigmoid");
export const tanh = (): Module => activation("tanh");

/** x where it is positive, slope · x elsewhere. */
export const leakyRelu = (slope = 0.01): Module =>
  lambda((x) => sub(rectify(x), mul(rectify(mul(x, -1)), slope)));
export const softmax = (axis = -1): Module => lambda((x) => softmaxOf(x, axis));
export const logSoftmax = (axis = -1): Module => lambda((x) => logSoftmaxOf(x, axis));

/**
 * Activations: Relu Sigmoid Tanh Erf, and gelu composed of Erf.
 * Every derivative is written through the output where that spares a pass over the input.
 */
import type { Operator, Tensor } from "../graph.ts";
import { add, mul } from "./arithmetic.ts";
import { cast, greater } from "./comparison.ts";
import { applyUnary, unary } from "./elementwise.ts";
import { erfOf } from "./erf.ts";

/**
 * [y > 0] as 0 and 1 in float32: ONNX's HardSigmoid max(0, min(1, αy + β)) so steep that only subnormal numbers fall on its
 * slope. With the product 0.47 ms for 4 MiB, where Cast(y > 0) takes 0.58, Where 0.80 and Sign 1.1 (one thread).
 */
const STEEPNESS = 3e38;
const Positive: Operator = {
  ...unary("HardSigmoid", (y) => Math.max(0, Math.min(1, STEEPNESS * y)), null),
  floats: ["alpha", "beta"],
};
const isPositive = (y: Tensor): Tensor =>
  y.dtype === "float32"
    ? y.graph.apply(Positive, [y], { alpha: STEEPNESS, beta: 0 })
    : cast(greater(y, 0), y.dtype);

// d max(0, x) = [x > 0] dx, and x > 0 exactly when y > 0: the input need not be kept, so ONNX Runtime can fuse Relu
// into the Gemm or Conv before it.
export const Relu = unary(
  "Relu",
  (x) => Math.max(x, 0),
  ({ output: y, gradient: g }, { mul }) => mul(g, isPositive(y)),
);

// σ' = σ(1 − σ)
export const Sigmoid = unary(
  "Sigmoid",
  (x) => 1 / (1 + Math.exp(-x)),
  ({ output: y, gradient: g }, { mul, sub }) => mul(g, mul(y, sub(1, y))),
);

// tanh' = 1 − tanh²
export const Tanh = unary("Tanh", Math.tanh, ({ output: y, gradient: g }, { mul, sub }) =>
  mul(g, sub(1, mul(y, y))),
);

// erf' = 2/√π · exp(−x²)
export const Erf = unary("Erf", erfOf, ({ inputs: [x], gradient: g }, { exp, mul, neg }) =>
  mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
);

export const relu: (x: Tensor) => Tensor = applyUnary(Relu);
export const sigmoid: (x: Tensor) => Tensor = applyUnary(Sigmoid);
export const tanh: (x: Tensor) => Tensor = applyUnary(Tanh);
export const erf: (x: Tensor) => Tensor = applyUnary(Erf);

/** gelu(x) = x Φ(x) = x/2 (1 + erf(x/√2)), the exact form. Source: Hendrycks & Gimpel, arXiv:1606.08415. */
export const gelu = (x: Tensor): Tensor => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));

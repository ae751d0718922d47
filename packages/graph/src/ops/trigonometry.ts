/**
 * Circular and hyperbolic functions and their inverses. ONNX Runtime has all but sin and cos in float32 alone: in float64 some are
 * composed of sin, cos, exp and log; asin, acos, atan and asinh are left to the reference there.
 * Source: onnx/docs/Operators.md, opset 21.
 */
import type { Tensor } from "../graph.ts";
import { add, div, exp, log, mul, neg, sqrt, sub } from "./arithmetic.ts";
import { applyUnary, applyWith, unary } from "./elementwise.ts";

// sin' = cos
export const Sin = unary("Sin", Math.sin, ({ inputs: [x], gradient: g }, { cos, mul }) => mul(g, cos(x)));

// cos' = −sin
export const Cos = unary("Cos", Math.cos, ({ inputs: [x], gradient: g }, { mul, neg, sin }) =>
  neg(mul(g, sin(x))),
);

// tan' = 1 + tan²
export const Tan = unary("Tan", Math.tan, ({ output: y, gradient: g }, { add, mul }) =>
  mul(g, add(mul(y, y), 1)),
);

// asin' = 1/√(1 − x²)
export const Asin = unary("Asin", Math.asin, ({ inputs: [x], gradient: g }, { div, mul, sqrt, sub }) =>
  div(g, sqrt(sub(1, mul(x, x)))),
);

// acos' = −1/√(1 − x²)
export const Acos = unary("Acos", Math.acos, ({ inputs: [x], gradient: g }, { div, mul, neg, sqrt, sub }) =>
  neg(div(g, sqrt(sub(1, mul(x, x))))),
);

// atan' = 1/(1 + x²)
export const Atan = unary("Atan", Math.atan, ({ inputs: [x], gradient: g }, { add, div, mul }) =>
  div(g, add(mul(x, x), 1)),
);

// sinh' = cosh
export const Sinh = unary("Sinh", Math.sinh, ({ inputs: [x], gradient: g }, { cosh, mul }) =>
  mul(g, cosh(x)),
);

// cosh' = sinh
export const Cosh = unary("Cosh", Math.cosh, ({ inputs: [x], gradient: g }, { mul, sinh }) =>
  mul(g, sinh(x)),
);

// asinh' = 1/√(x² + 1)
export const Asinh = unary("Asinh", Math.asinh, ({ inputs: [x], gradient: g }, { add, div, mul, sqrt }) =>
  div(g, sqrt(add(mul(x, x), 1))),
);

// acosh' = 1/√(x² − 1)
export const Acosh = unary("Acosh", Math.acosh, ({ inputs: [x], gradient: g }, { div, mul, sqrt, sub }) =>
  div(g, sqrt(sub(mul(x, x), 1))),
);

// atanh' = 1/(1 − x²)
export const Atanh = unary("Atanh", Math.atanh, ({ inputs: [x], gradient: g }, { div, mul, sub }) =>
  div(g, sub(1, mul(x, x))),
);

export const sin: (x: Tensor) => Tensor = applyUnary(Sin);
export const cos: (x: Tensor) => Tensor = applyUnary(Cos);
export const tan = (x: Tensor): Tensor =>
  x.dtype === "float64" ? div(sin(x), cos(x)) : applyWith(Tan, x, {});
export const asin: (x: Tensor) => Tensor = applyUnary(Asin);
export const acos: (x: Tensor) => Tensor = applyUnary(Acos);
export const atan: (x: Tensor) => Tensor = applyUnary(Atan);
export const sinh = (x: Tensor): Tensor =>
  x.dtype === "float64" ? mul(sub(exp(x), exp(neg(x))), 0.5) : applyWith(Sinh, x, {});
export const cosh = (x: Tensor): Tensor =>
  x.dtype === "float64" ? mul(add(exp(x), exp(neg(x))), 0.5) : applyWith(Cosh, x, {});
export const asinh: (x: Tensor) => Tensor = applyUnary(Asinh);
export const acosh = (x: Tensor): Tensor =>
  x.dtype === "float64" ? log(add(x, sqrt(sub(mul(x, x), 1)))) : applyWith(Acosh, x, {});
export const atanh = (x: Tensor): Tensor =>
  x.dtype === "float64" ? mul(sub(log(add(x, 1)), log(sub(1, x))), 0.5) : applyWith(Atanh, x, {});

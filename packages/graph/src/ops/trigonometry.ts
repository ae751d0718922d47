/**
 * Circular and hyperbolic functions and their inverses. ONNX Runtime has most of them in float32 alone.
 * Source: onnx/docs/Operators.md, opset 21.
 */
import type { Tensor } from "../graph.ts";
import { applyUnary, unary } from "./elementwise.ts";

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
export const tan: (x: Tensor) => Tensor = applyUnary(Tan);
export const asin: (x: Tensor) => Tensor = applyUnary(Asin);
export const acos: (x: Tensor) => Tensor = applyUnary(Acos);
export const atan: (x: Tensor) => Tensor = applyUnary(Atan);
export const sinh: (x: Tensor) => Tensor = applyUnary(Sinh);
export const cosh: (x: Tensor) => Tensor = applyUnary(Cosh);
export const asinh: (x: Tensor) => Tensor = applyUnary(Asinh);
export const acosh: (x: Tensor) => Tensor = applyUnary(Acosh);
export const atanh: (x: Tensor) => Tensor = applyUnary(Atanh);

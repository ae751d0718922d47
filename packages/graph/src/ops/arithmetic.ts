/**
 * Arithmetic, element by element: Add Sub Mul Div Neg Pow Sqrt Exp Log Abs Sign Reciprocal Min Max Identity.
 * With broadcasting, a gradient is summed over the axes along which its operand was repeated: `sumTo`.
 * Source: onnx/docs/Operators.md, opset 21.
 */
import { isFloat, type Operator, type Rule, type Tensor } from "../graph.ts";
import { applyBinary, applyUnary, binary, type Operand, unary } from "./elementwise.ts";

export const Add = binary("Add", (a, b) => a + b, [
  // d(a + b) = da + db
  ({ inputs: [a], gradient: g }, { sumTo }) => sumTo(g, a.shape),
  ({ inputs: [, b], gradient: g }, { sumTo }) => sumTo(g, b.shape),
]);

export const Sub = binary("Sub", (a, b) => a - b, [
  // d(a − b) = da − db
  ({ inputs: [a], gradient: g }, { sumTo }) => sumTo(g, a.shape),
  ({ inputs: [, b], gradient: g }, { neg, sumTo }) => neg(sumTo(g, b.shape)),
]);

export const Mul = binary("Mul", (a, b) => a * b, [
  // d(ab) = b da + a db; for a square 2a da, in one product (twice a gradient that is often still small)
  ({ inputs: [a, b], gradient: g }, { mul, sumTo }) => sumTo(mul(a === b ? mul(g, 2) : g, b), a.shape),
  ({ inputs: [a, b], gradient: g }, { mul, sumTo }) => (a === b ? null : sumTo(mul(g, a), b.shape)),
]);

const FloatDiv = binary("Div", (a, b) => a / b, [
  // d(a/b) = da/b − (a/b) db/b
  ({ inputs: [a, b], gradient: g }, { div, sumTo }) => sumTo(div(g, b), a.shape),
  ({ inputs: [, b], output: y, gradient: g }, { div, mul, neg, sumTo }) =>
    neg(sumTo(div(mul(g, y), b), b.shape)),
]);

/** Whole numbers divide towards zero, as in C. */
export const Div: Operator = {
  ...FloatDiv,
  evaluate(inputs, attributes, output) {
    const quotients = FloatDiv.evaluate(inputs, attributes, output);
    return isFloat(output.dtype) ? quotients : quotients.map(Math.trunc);
  },
};

export const Pow = binary("Pow", (a, b) => a ** b, [
  // d(aᵇ) = b aᵇ⁻¹ da + aᵇ ln a db        (the second only for a > 0)
  ({ inputs: [a, b], gradient: g }, { mul, pow, sub, sumTo }) =>
    sumTo(mul(g, mul(b, pow(a, sub(b, 1)))), a.shape),
  ({ inputs: [a, b], output: y, gradient: g }, { log, mul, sumTo }) => sumTo(mul(g, mul(y, log(a))), b.shape),
]);

/** The larger (or smaller) operand gets the gradient; equal operands get half each, as in torch.maximum. */
const toWinner =
  (better: "greater" | "less", k: 0 | 1): Rule =>
  ({ inputs, gradient: g }, ops) => {
    const x = inputs[k];
    const other = inputs[1 - k]!;
    const share = ops.add(
      ops.cast(ops[better](x, other), g.dtype),
      ops.mul(ops.cast(ops.equal(x, other), g.dtype), 0.5),
    );
    return ops.sumTo(ops.mul(g, share), x.shape);
  };
export const Max = binary("Max", Math.max, [toWinner("greater", 0), toWinner("greater", 1)]);
export const Min = binary("Min", Math.min, [toWinner("less", 0), toWinner("less", 1)]);

// d(−x) = −dx
export const Neg = unary(
  "Neg",
  (x) => -x,
  ({ gradient: g }, { neg }) => neg(g),
  "number",
);

// d√x = dx / (2√x)
export const Sqrt = unary("Sqrt", Math.sqrt, ({ output: y, gradient: g }, { div, mul }) => div(g, mul(y, 2)));

// d exp x = exp x dx
export const Exp = unary("Exp", Math.exp, ({ output: y, gradient: g }, { mul }) => mul(g, y));

// d ln x = dx / x
export const Log = unary("Log", Math.log, ({ inputs: [x], gradient: g }, { div }) => div(g, x));

// d|x| = sign(x) dx, which is 0 at 0
export const Abs = unary(
  "Abs",
  Math.abs,
  ({ inputs: [x], gradient: g }, { mul, sign }) => mul(g, sign(x)),
  "number",
);

// piecewise constant: no gradient
export const Sign = unary("Sign", Math.sign, null, "number");

// d(1/x) = −x⁻² dx
export const Reciprocal = unary(
  "Reciprocal",
  (x) => 1 / x,
  ({ output: y, gradient: g }, { mul, neg }) => neg(mul(g, mul(y, y))),
);

export const Identity = unary(
  "Identity",
  (x) => x,
  ({ gradient: g }) => g,
  "any",
);

const applyAdd = applyBinary(Add);
const applySub = applyBinary(Sub);
const applyMul = applyBinary(Mul);
const applyDiv = applyBinary(Div);

/** a + b. Adding the number 0 gives `a` itself. */
export const add = (a: Operand, b: Operand): Tensor =>
  b === 0 && typeof a !== "number" ? a : a === 0 && typeof b !== "number" ? b : applyAdd(a, b);
/** a − b. */
export const sub = (a: Operand, b: Operand): Tensor =>
  b === 0 && typeof a !== "number" ? a : applySub(a, b);
/** a · b, element by element. Multiplying by 1 gives the other operand itself: gradients start from a seed of 1. */
export const mul = (a: Operand, b: Operand): Tensor =>
  isOne(b) && typeof a !== "number" ? a : isOne(a) && typeof b !== "number" ? b : applyMul(a, b);
/** a / b; whole numbers divide towards zero. */
export const div = (a: Operand, b: Operand): Tensor =>
  isOne(b) && typeof a !== "number" ? a : applyDiv(a, b);
/** aᵇ. */
export const pow: (a: Operand, b: Operand) => Tensor = applyBinary(Pow);
export const max: (a: Operand, b: Operand) => Tensor = applyBinary(Max);
export const min: (a: Operand, b: Operand) => Tensor = applyBinary(Min);
export const neg: (x: Tensor) => Tensor = applyUnary(Neg);
export const sqrt: (x: Tensor) => Tensor = applyUnary(Sqrt);
export const exp: (x: Tensor) => Tensor = applyUnary(Exp);
export const log: (x: Tensor) => Tensor = applyUnary(Log);
export const abs: (x: Tensor) => Tensor = applyUnary(Abs);
export const sign: (x: Tensor) => Tensor = applyUnary(Sign);
export const reciprocal: (x: Tensor) => Tensor = applyUnary(Reciprocal);
export const identity: (x: Tensor) => Tensor = applyUnary(Identity);

/** The number 1, or a scalar constant of value 1 (a scalar never changes the other operand's shape). */
function isOne(x: Operand): boolean {
  if (typeof x === "number") return x === 1;
  return x.origin.kind === "constant" && x.rank === 0 && x.origin.data[0] === 1;
}

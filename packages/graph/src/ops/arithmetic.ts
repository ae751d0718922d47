/**
 * Arithmetic, element by element: Add Sub Mul Div Neg Pow Sqrt Exp Log Abs Sign Reciprocal Sum Mean Identity.
 * With broadcasting, a gradient is summed over the axes along which its operand was repeated: `sumTo`.
 * Source: onnx/docs/Operators.md, opset 21.
 */
import { isFloat, misfit, type Operator, type Tensor } from "../graph.ts";
import { broadcastShapes, broadcastStrides, type Shape, sizeOf, walk } from "../shapes.ts";
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

/** Results that are whole where the operands are: fractions are cut off towards zero, as in C. */
const whole = (operator: Operator): Operator => ({
  ...operator,
  evaluate(inputs, attributes, output) {
    const results = operator.evaluate(inputs, attributes, output);
    return isFloat(output.dtype) ? results : results.map(Math.trunc);
  },
});

export const Div: Operator = whole(FloatDiv);

// d(aᵇ) = b aᵇ⁻¹ da + aᵇ ln a db, which for a = 0 is 0 in its limit; so is b aᵇ⁻¹ for b = 0. The second is for a ≥ 0 only.
const FloatPow = binary("Pow", (a, b) => a ** b, [
  ({ inputs: [a, b], gradient: g }, { constantLike, equal, mul, pow, sub, sumTo, where }) => {
    const exponents = b.origin.kind === "constant" ? b.origin.data : null;
    if (exponents?.every((v) => v === 2)) return sumTo(mul(mul(g, 2), a), a.shape);
    const slope = mul(b, pow(a, sub(b, 1)));
    const safe = exponents && !exponents.includes(0) ? slope : where(equal(b, 0), constantLike(b, 0), slope);
    return sumTo(mul(g, safe), a.shape);
  },
  ({ inputs: [a, b], output: y, gradient: g }, { constantLike, equal, log, mul, sumTo, where }) =>
    sumTo(mul(g, mul(y, log(where(equal(a, 0), constantLike(a, 1), a)))), b.shape),
]);

export const Pow: Operator = whole(FloatPow);

/** y = Σₖ xₖ over any number of operands, all broadcast. */
export const Sum: Operator = {
  name: "Sum",
  elementwise: true,
  infer(inputs) {
    const [first] = inputs;
    if (!inputs.every((x) => x.dtype === first.dtype) || !isFloat(first.dtype))
      throw misfit("Sum", inputs, "all operands must have one float dtype", "cast them, or use add");
    const shape = inputs.reduce((shape: Shape, x) => {
      const common = broadcastShapes(shape, x.shape);
      if (!common)
        throw misfit("Sum", inputs, "sizes, aligned at the right, must be equal or 1", "reshape them");
      return common;
    }, []);
    return { shape, dtype: first.dtype };
  },
  evaluate(inputs, _, { shape }) {
    const out = new Float64Array(sizeOf(shape));
    for (const x of inputs) {
      const strides = broadcastStrides(x.shape, shape);
      walk(shape, strides, strides, (i, from) => {
        out[i]! += x.data[from]!;
      });
    }
    return out;
  },
  // dxₖ = dy
  gradient: [({ inputs, gradient: g }, { sumTo }, k) => sumTo(g, inputs[k]!.shape)],
};

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
export const neg: (x: Tensor) => Tensor = applyUnary(Neg);
export const sqrt: (x: Tensor) => Tensor = applyUnary(Sqrt);
export const exp: (x: Tensor) => Tensor = applyUnary(Exp);
export const log: (x: Tensor) => Tensor = applyUnary(Log);
export const abs: (x: Tensor) => Tensor = applyUnary(Abs);
export const sign: (x: Tensor) => Tensor = applyUnary(Sign);
export const reciprocal: (x: Tensor) => Tensor = applyUnary(Reciprocal);
export const identity: (x: Tensor) => Tensor = applyUnary(Identity);

/** x₁ + x₂ + … in one pass; what stands there k times counts k times. */
export const sumOf = (inputs: readonly Tensor[]): Tensor => inputs[0]!.graph.apply(Sum, inputs, {});
/** The mean of any number of tensors. */
export const meanOf = (inputs: readonly Tensor[]): Tensor => mul(sumOf(inputs), 1 / inputs.length);

/** The number 1, or a scalar constant of value 1 (a scalar never changes the other operand's shape). */
function isOne(x: Operand): boolean {
  if (typeof x === "number") return x === 1;
  return x.origin.kind === "constant" && x.rank === 0 && x.origin.data[0] === 1;
}

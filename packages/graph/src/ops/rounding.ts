/**
 * Whole parts and remainders: Floor Ceil Round Mod. The first three are piecewise constant and pass no gradient.
 * Source: onnx/docs/Operators.md, opset 21.
 */
import { isFloat, misfit, type Operator, type Tensor } from "../graph.ts";
import { applyUnary, asTensors, binary, type Operand, unary } from "./elementwise.ts";

/** To the nearest whole number, halves to the even one: 2.5 → 2, 3.5 → 4. Math.round takes halves upwards. */
function roundHalfToEven(x: number): number {
  const up = Math.round(x);
  return Math.abs(x % 1) === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

export const Floor = unary("Floor", Math.floor, null);
export const Ceil = unary("Ceil", Math.ceil, null);
export const Round = unary("Round", roundHalfToEven, null);

const remainders = [
  (a: number, b: number) => a - b * Math.floor(a / b), // fmod 0: the sign of b, as in Python
  (a: number, b: number) => a % b, // fmod 1: the sign of a, as in C
];

const byFmod = remainders.map((f) => binary("Mod", f, []));

/** The remainder of a/b; `fmod` says whose sign it has. */
export const Mod: Operator<{ fmod: number }> = {
  name: "Mod",
  elementwise: true,
  infer(inputs, { fmod }) {
    if (isFloat(inputs[0].dtype) && fmod !== 1) {
      throw misfit("Mod", inputs.slice(0, 2), "floats need fmod 1, the remainder with the sign of the first");
    }
    return byFmod[fmod]!.infer(inputs, {});
  },
  evaluate: (inputs, { fmod }, output) => byFmod[fmod]!.evaluate(inputs, {}, output),
  gradient: [
    // d(a mod b) = da − trunc(a/b) db, where trunc(a/b) = (a − y)/b
    ({ inputs: [a], gradient: g }, { sumTo }) => sumTo(g, a.shape),
    ({ inputs: [a, b], output: y, gradient: g }, { div, mul, neg, round, sub, sumTo }) =>
      neg(sumTo(mul(g, round(div(sub(a, y), b))), b.shape)),
  ],
};

export const floor: (x: Tensor) => Tensor = applyUnary(Floor);
export const ceil: (x: Tensor) => Tensor = applyUnary(Ceil);
/** To the nearest whole number, halves to the even one. */
export const round: (x: Tensor) => Tensor = applyUnary(Round);
/** The remainder of a/b: for floats with the sign of a, for whole numbers with that of b unless `fmod` is 1. */
export function mod(a: Operand, b: Operand, fmod?: 0 | 1): Tensor {
  const [left, right] = asTensors("Mod", a, b);
  return left.graph.apply(Mod, [left, right], { fmod: fmod ?? (isFloat(left.dtype) ? 1 : 0) });
}

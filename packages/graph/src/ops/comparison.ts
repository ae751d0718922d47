/**
 * Comparison, logic, choice and conversion: Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor Not IsNaN Where Cast.
 * Truth values carry no gradient; Where passes it to the chosen branch; Cast between float types passes it on.
 */
import { DTYPE_CODES, type DType, isFloat, misfit, type Operator, type Rule, type Tensor } from "../graph.ts";
import { broadcastShapes, broadcastStrides, walk } from "../shapes.ts";
import { applyBinary, applyUnary, binary, type Operand, unary } from "./elementwise.ts";

export const Equal = binary("Equal", (a, b) => Number(a === b), [null], { family: "any", gives: "bool" });
export const Greater = binary("Greater", (a, b) => Number(a > b), [null], { gives: "bool" });
export const GreaterOrEqual = binary("GreaterOrEqual", (a, b) => Number(a >= b), [null], { gives: "bool" });
export const Less = binary("Less", (a, b) => Number(a < b), [null], { gives: "bool" });
export const LessOrEqual = binary("LessOrEqual", (a, b) => Number(a <= b), [null], { gives: "bool" });
export const And = binary("And", (a, b) => a * b, [null], { family: "bool", gives: "bool" });
export const Or = binary("Or", Math.max, [null], { family: "bool", gives: "bool" });
export const Xor = binary("Xor", (a, b) => Number(a !== b), [null], { family: "bool", gives: "bool" });
export const Not = unary("Not", (x) => 1 - x, null, "bool");

export const IsNaN: Operator = {
  name: "IsNaN",
  elementwise: true,
  infer([x]) {
    if (!isFloat(x.dtype))
      throw misfit("IsNaN", [x], "it takes only float tensors", "whole numbers are never NaN");
    return { shape: x.shape, dtype: "bool" };
  },
  evaluate: ([x]) => x.data.map((v) => Number(Number.isNaN(v))),
  gradient: [null],
};

/** d where(c, a, b) = da where c holds, db elsewhere. */
const ofBranch =
  (k: 1 | 2): Rule =>
  ({ inputs, gradient: g }, { constantLike, sumTo, where }) => {
    const zero = constantLike(g, 0);
    return sumTo(k === 1 ? where(inputs[0], g, zero) : where(inputs[0], zero, g), inputs[k].shape);
  };

export const Where: Operator = {
  name: "Where",
  elementwise: true,
  infer([condition, a, b]) {
    const all = [condition, a, b];
    if (condition.dtype !== "bool")
      throw misfit("Where", all, "the condition must be bool", "compare or cast it");
    if (a.dtype !== b.dtype)
      throw misfit("Where", all, "both branches must have one dtype", "cast one of them");
    const branches = broadcastShapes(a.shape, b.shape);
    const shape = branches && broadcastShapes(condition.shape, branches);
    if (!shape)
      throw misfit("Where", all, "sizes, aligned at the right, must be equal or 1", "reshape one of them");
    return { shape, dtype: a.dtype };
  },
  evaluate([condition, a, b], _, { shape }) {
    const out = new Float64Array(shape.reduce((n, d) => n * d, 1));
    const choose = broadcastStrides(condition.shape, shape);
    const chosen = new Uint8Array(out.length);
    walk(shape, choose, choose, (i, c) => {
      chosen[i] = condition.data[c]!;
    });
    walk(shape, broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape), (i, p, q) => {
      out[i] = chosen[i] ? a.data[p]! : b.data[q]!;
    });
    return out;
  },
  gradient: [null, ofBranch(1), ofBranch(2)],
};

const NAMES = new Map<number, DType>(
  (Object.entries(DTYPE_CODES) as [DType, number][]).map(([name, code]) => [code, name]),
);

export const Cast: Operator<{ to: number }> = {
  name: "Cast",
  elementwise: true,
  infer: ([x], { to }) => ({ shape: x.shape, dtype: NAMES.get(to)! }),
  evaluate([x], _, { dtype }) {
    if (dtype === "bool") return x.data.map((v) => Number(v !== 0));
    return isFloat(dtype) ? x.data : x.data.map(Math.trunc);
  },
  // between float types a cast is the identity, up to rounding
  gradient: [({ inputs: [x], gradient: g }, { cast }) => (isFloat(x.dtype) ? cast(g, x.dtype) : null)],
};

export const equal: (a: Operand, b: Operand) => Tensor = applyBinary(Equal);
export const greater: (a: Operand, b: Operand) => Tensor = applyBinary(Greater);
export const greaterOrEqual: (a: Operand, b: Operand) => Tensor = applyBinary(GreaterOrEqual);
export const less: (a: Operand, b: Operand) => Tensor = applyBinary(Less);
export const lessOrEqual: (a: Operand, b: Operand) => Tensor = applyBinary(LessOrEqual);
export const and: (a: Operand, b: Operand) => Tensor = applyBinary(And);
export const or: (a: Operand, b: Operand) => Tensor = applyBinary(Or);
export const xor: (a: Operand, b: Operand) => Tensor = applyBinary(Xor);
export const not: (x: Tensor) => Tensor = applyUnary(Not);
export const isNotANumber: (x: Tensor) => Tensor = applyUnary(IsNaN);
/** `a` where the condition holds, `b` elsewhere; all three broadcast. */
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor =>
  condition.graph.apply(Where, [condition, a, b], {});
/** The same values in another dtype; the same tensor when it has that dtype already. */
export const cast = (x: Tensor, dtype: DType): Tensor =>
  x.dtype === dtype ? x : x.graph.apply(Cast, [x], { to: DTYPE_CODES[dtype] });

/** Arithmetic, extrema, rounding and trigonometry, element by element. Bounds and exponents that the file holds are constants. */
import { isFloat, type Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import type { NodeView, Reader, Readers } from "../node.ts";

const unary =
  (build: (x: Tensor) => Tensor): Reader =>
  (node) =>
    build(node.input(0));

const binary =
  (build: (a: Tensor, b: Tensor) => Tensor): Reader =>
  (node) =>
    build(node.input(0), node.input(1));

/** Any number of operands; the operator of one of them is that one. */
const variadic =
  (build: (inputs: readonly Tensor[]) => Tensor): Reader =>
  (node) => {
    const inputs = Array.from({ length: Math.max(1, node.inputCount) }, (_, k) => node.input(k));
    return inputs.length === 1 ? ops.identity(inputs[0]!) : build(inputs);
  };

/** The exponent may have another dtype than the base, whose dtype the result has. */
function power(node: NodeView): Tensor {
  const [base, exponent] = [node.input(0), node.fixed(1) ?? node.input(1)];
  const dtype = isFloat(exponent.dtype) && !isFloat(base.dtype) ? exponent.dtype : base.dtype;
  return ops.cast(ops.pow(ops.cast(base, dtype), ops.cast(exponent, dtype)), base.dtype);
}

/** Bounds are scalars to the operator; files may hold them as lists of one. */
function clip(node: NodeView): Tensor {
  const bound = (k: number) => {
    const value = node.fixed(k);
    return value && ops.reshape(value, []);
  };
  return ops.clip(node.input(0), bound(1), bound(2));
}

export const arithmetic: Readers = {
  Add: binary(ops.add),
  Sub: binary(ops.sub),
  Mul: binary(ops.mul),
  Div: binary(ops.div),
  Pow: power,
  Mod: (node) => ops.mod(node.input(0), node.input(1), node.int("fmod", 0) === 1 ? 1 : 0),
  Min: variadic(ops.minOf),
  Max: variadic(ops.maxOf),
  Sum: variadic(ops.sumOf),
  Mean: variadic(ops.meanOf),
  Clip: clip,
  Neg: unary(ops.neg),
  Abs: unary(ops.abs),
  Sign: unary(ops.sign),
  Sqrt: unary(ops.sqrt),
  Exp: unary(ops.exp),
  Log: unary(ops.log),
  Reciprocal: unary(ops.reciprocal),
  Floor: unary(ops.floor),
  Ceil: unary(ops.ceil),
  Round: unary(ops.round),
  Sin: unary(ops.sin),
  Cos: unary(ops.cos),
  Tan: unary(ops.tan),
  Asin: unary(ops.asin),
  Acos: unary(ops.acos),
  Atan: unary(ops.atan),
  Sinh: unary(ops.sinh),
  Cosh: unary(ops.cosh),
  Asinh: unary(ops.asinh),
  Acosh: unary(ops.acosh),
  Atanh: unary(ops.atanh),
};

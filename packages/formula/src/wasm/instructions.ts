/**
 * The elementwise functions of the language as WebAssembly SIMD: four float32 values at a time, the same keys as
 * `ELEMENTWISE`. Logical values are lane masks, all ones or all zeros.
 */
import type { ElementwiseName } from "../functions.ts";
import type { MathFunction } from "./math.ts";

/** Operands are WAT expressions that cost nothing to repeat (locals and constants); the result is one expression. */
type Emit = (...operands: string[]) => string;

const instruction =
  (name: string): Emit =>
  (...operands) =>
    `(${name} ${operands.join(" ")})`;

export const INSTRUCTIONS: Record<ElementwiseName, Emit> = {
  add: instruction("f32x4.add"),
  subtract: instruction("f32x4.sub"),
  multiply: instruction("f32x4.mul"),
  divide: instruction("f32x4.div"),
  negate: instruction("f32x4.neg"),
  abs: instruction("f32x4.abs"),
  sqrt: instruction("f32x4.sqrt"),
  floor: instruction("f32x4.floor"),
  min: instruction("f32x4.min"),
  max: instruction("f32x4.max"),
  less: instruction("f32x4.lt"),
  lessEqual: instruction("f32x4.le"),
  greater: instruction("f32x4.gt"),
  greaterEqual: instruction("f32x4.ge"),
  equal: instruction("f32x4.eq"),
  notEqual: instruction("f32x4.ne"),
  and: instruction("v128.and"),
  or: instruction("v128.or"),
  not: instruction("v128.not"),
  where: (condition, a, b) => `(v128.bitselect ${a} ${b} ${condition})`,
  // ±1 where |x| > 0, else x itself: zeros and NaN pass. In line, since a call costs more than the rest of Lion.
  sign: (x) =>
    `(v128.bitselect (v128.or (v128.and ${x} (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000)) (v128.const f32x4 1 1 1 1)) ${x} (f32x4.gt (f32x4.abs ${x}) (v128.const f32x4 0 0 0 0)))`,
  exp: instruction("call $exp"),
  log: instruction("call $log"),
  tanh: instruction("call $tanh"),
  power: instruction("call $power"),
};

/** Functions that no single instruction computes: they call one of `MATH`. */
export const MATH_CALLS: Partial<Record<ElementwiseName, MathFunction>> = {
  exp: "exp",
  log: "log",
  tanh: "tanh",
  power: "power",
};

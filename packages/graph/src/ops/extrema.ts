/**
 * The larger, the smaller, and the middle: Max Min Clip, element by element.
 * At ties the gradient goes where torch sends it: Max and Min share it equally, Clip lets it through to the clipped tensor.
 * Source: onnx/docs/Operators.md, opset 21; torch's derivatives.yaml for `maximum`, `minimum`, `clamp.Tensor`.
 */
import { type DType, misfit, type Operator, type Rule, type Tensor } from "../graph.ts";
import { applyBinary, binary, constantLike, type Operand } from "./elementwise.ts";

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

/** y = min(max(x, low), high) with scalar bounds: where low > high, y is high everywhere. */
export const Clip: Operator = {
  name: "Clip",
  elementwise: true,
  infer(inputs) {
    const [x, low, high] = inputs;
    if (x.dtype === "bool") throw misfit("Clip", [x], "it takes only numbers", "cast first");
    if (![low, high].every((bound) => bound.rank === 0 && bound.dtype === x.dtype)) {
      throw misfit(
        "Clip",
        inputs,
        "both bounds must be scalars of the first operand's dtype",
        "reshape or cast them, or use max and min",
      );
    }
    return { shape: x.shape, dtype: x.dtype };
  },
  evaluate([x, low, high]) {
    const [a, b] = [low.data[0]!, high.data[0]!];
    return x.data.map((v) => Math.min(Math.max(v, a), b));
  },
  gradient: [
    // dx = dy where low ≤ x ≤ high, which is where y = x
    ({ inputs: [x], output: y, gradient: g }, { cast, equal, mul }) => mul(g, cast(equal(x, y), g.dtype)),
    // d(low) = Σ dy where x < low < high
    ({ inputs: [x, low, high], gradient: g }, { and, cast, less, mul, reduceSum }) =>
      reduceSum(mul(g, cast(and(less(x, low), less(low, high)), g.dtype))),
    // d(high) = Σ dy where max(x, low) > high
    ({ inputs: [x, low, high], gradient: g }, { cast, greater, max, mul, reduceSum }) =>
      reduceSum(mul(g, cast(greater(max(x, low), high), g.dtype))),
  ],
};

/** The numbers that bound nothing, by dtype: infinities for floats, the ends of the range for whole numbers. */
const endsOf = (dtype: DType): [low: number, high: number] =>
  dtype === "int32"
    ? [-(2 ** 31), 2 ** 31 - 1]
    : dtype === "int64"
      ? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
      : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

export const max: (a: Operand, b: Operand) => Tensor = applyBinary(Max);
export const min: (a: Operand, b: Operand) => Tensor = applyBinary(Min);

/** The largest of any number of tensors, in pairs from the left: of n equal ones, the last gets half of the gradient. */
export const maxOf = (inputs: readonly Tensor[]): Tensor => inputs.reduce((a, b) => max(a, b));
/** The smallest of any number of tensors, in pairs from the left. */
export const minOf = (inputs: readonly Tensor[]): Tensor => inputs.reduce((a, b) => min(a, b));

/** `x` held between two scalars; a bound left out does not bound. */
export function clip(x: Tensor, low?: Operand, high?: Operand): Tensor {
  const [lowest, highest] = endsOf(x.dtype);
  const bound = (value: Operand) => (typeof value === "number" ? constantLike(x, value) : value);
  return x.graph.apply(Clip, [x, bound(low ?? lowest), bound(high ?? highest)], {});
}

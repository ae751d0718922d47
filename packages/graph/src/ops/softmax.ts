/**
 * Softmax and LogSoftmax along one axis, both shifted by the maximum so that no exponential overflows.
 */
import { frontAxis, isFloat, misfit, type Operator, type Rule, type Tensor } from "../graph.ts";
import { sizeOf } from "../shapes.ts";

type AxisAttributes = { axis: number };

function alongAxis(
  name: string,
  finish: (shifted: number, logSum: number) => number,
  rule: Rule<AxisAttributes>,
): Operator<AxisAttributes> {
  return {
    name,
    infer([x]) {
      if (!isFloat(x.dtype)) throw misfit(name, [x], "it takes only float tensors", "cast first");
      return { shape: x.shape, dtype: x.dtype };
    },
    evaluate([x], { axis }) {
      const out = new Float64Array(x.data.length);
      const size = x.shape[axis]!;
      const inner = sizeOf(x.shape.slice(axis + 1));
      for (let start = 0; start < out.length; start += size * inner) {
        for (let i = start; i < start + inner; i++) {
          const at = Array.from({ length: size }, (_, k) => i + k * inner);
          const max = at.reduce((m, p) => Math.max(m, x.data[p]!), Number.NEGATIVE_INFINITY);
          const logSum = Math.log(at.reduce((sum, p) => sum + Math.exp(x.data[p]! - max), 0));
          for (const p of at) out[p] = finish(x.data[p]! - max, logSum);
        }
      }
      return out;
    },
    gradient: [rule],
  };
}

// y = softmax x ⇒ dx = y (dy − Σ y dy)
export const Softmax = alongAxis(
  "Softmax",
  (shifted, logSum) => Math.exp(shifted - logSum),
  ({ output: y, attributes: { axis }, gradient: g }, { mul, reduceSum, sub }) =>
    mul(y, sub(g, reduceSum(mul(g, y), [axis], true))),
);

// y = x − ln Σ exp x ⇒ dx = dy − softmax(x) Σ dy
export const LogSoftmax = alongAxis(
  "LogSoftmax",
  (shifted, logSum) => shifted - logSum,
  ({ output: y, attributes: { axis }, gradient: g }, { exp, mul, reduceSum, sub }) =>
    sub(g, mul(exp(y), reduceSum(g, [axis], true))),
);

/** exp xₖ / Σ exp x along an axis. */
export const softmax = (x: Tensor, axis = -1): Tensor =>
  x.graph.apply(Softmax, [x], { axis: frontAxis("Softmax", x, axis) });

/** xₖ − ln Σ exp x along an axis: the logarithm of softmax, without its underflow. */
export const logSoftmax = (x: Tensor, axis = -1): Tensor =>
  x.graph.apply(LogSoftmax, [x], { axis: frontAxis("LogSoftmax", x, axis) });

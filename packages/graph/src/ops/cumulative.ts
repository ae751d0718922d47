/** Running sums along an axis. Source: onnx/docs/Operators.md, CumSum-14. */
import { frontAxis, misfit, type Operator, type Tensor } from "../graph.ts";
import { sizeOf } from "../shapes.ts";

export type CumSumAttributes = { exclusive: number; reverse: number };

/**
 * yₖ = Σ over j ≤ k of xⱼ; `exclusive` leaves out xₖ itself, `reverse` sums from the end. The axis is the second operand,
 * a constant, since that is where ONNX has it.
 */
export const CumSum: Operator<CumSumAttributes> = {
  name: "CumSum",
  infer([x, axis]) {
    if (x.dtype === "bool" || axis.size !== 1 || axis.origin.kind !== "constant") {
      throw misfit("CumSum", [x, axis], "it needs numbers and an axis that is a constant");
    }
    return { shape: x.shape, dtype: x.dtype };
  },
  evaluate([x, axis], { exclusive, reverse }) {
    const out = new Float64Array(x.data.length);
    const size = x.shape[axis.data[0]!]!;
    const inner = sizeOf(x.shape.slice(axis.data[0]! + 1));
    for (let start = 0; start < out.length; start += size * inner) {
      for (let i = start; i < start + inner; i++) {
        let sum = 0;
        for (let k = 0; k < size; k++) {
          const at = i + (reverse ? size - 1 - k : k) * inner;
          out[at] = exclusive ? sum : sum + x.data[at]!;
          sum += x.data[at]!;
        }
      }
    }
    return out;
  },
  // dxⱼ = Σ over k ≥ j of dyₖ: the running sum in the other direction
  gradient: [
    ({ inputs: [x, axis], attributes: { exclusive, reverse }, gradient: g }) =>
      x.graph.apply(CumSum, [g, axis], { exclusive, reverse: 1 - reverse }),
    null,
  ],
};

/** Running sums along an axis: [1, 2, 3] → [1, 3, 6]; exclusive [0, 1, 3]; in reverse [6, 5, 3]. */
export function cumSum(
  x: Tensor,
  axis: number,
  { exclusive = false, reverse = false }: { exclusive?: boolean; reverse?: boolean } = {},
): Tensor {
  const at = x.graph.constant(frontAxis("CumSum", x, axis), [], "int64");
  return x.graph.apply(CumSum, [x, at], { exclusive: Number(exclusive), reverse: Number(reverse) });
}

/** Places and order: ArgMax ArgMin TopK. `TopK` passes gradients to the values that it took; indices have none. */
import type { Tensor } from "../../graph.ts";
import { argMax, argMin, flip, sub, topK } from "../../ops/index.ts";
import type { NodeView, Reader, Readers } from "../node.ts";

/** The last among ties is the first of the reversed order: size − 1 − argmax(reversed). */
const extreme =
  (find: (x: Tensor, axis: number, keepdims: boolean) => Tensor): Reader =>
  (node: NodeView) => {
    const x = node.input(0);
    const axis = node.int("axis", 0);
    const keepdims = node.int("keepdims", 1) === 1;
    if (node.int("select_last_index", 0) === 0) return find(x, axis, keepdims);
    const front = axis < 0 ? axis + x.rank : axis;
    return sub((x.shape[front] ?? 1) - 1, find(flip(x, [front]), axis, keepdims));
  };

export const selection: Readers = {
  ArgMax: extreme(argMax),
  ArgMin: extreme(argMin),
  TopK: (node) => {
    const { values, indices } = topK(node.input(0), node.constantNumber(1), {
      axis: node.int("axis", -1),
      largest: node.int("largest", 1) === 1,
    });
    return [values, indices];
  },
};

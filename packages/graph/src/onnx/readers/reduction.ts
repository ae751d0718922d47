/**
 * Reductions and running sums. Axes are an attribute at first, and an operand since opset 13 (ReduceSum) or 18 (all others).
 * Without axes all are reduced, or none where `noop_with_empty_axes` says so.
 */
import type { Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import type { NodeView, Reader, Readers } from "../node.ts";

function axesOf(node: NodeView): readonly number[] {
  return node.hasAttribute("axes") ? node.ints("axes") : node.constantInts(1, []);
}

const reader =
  (build: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor): Reader =>
  (node) => {
    const x = node.input(0);
    const axes = axesOf(node);
    if (axes.length === 0 && node.int("noop_with_empty_axes", 0) === 1) return ops.identity(x);
    return build(x, axes.length === 0 ? undefined : axes, node.int("keepdims", 1) === 1);
  };

export const reduction: Readers = {
  ReduceSum: reader(ops.reduceSum),
  ReduceMean: reader(ops.reduceMean),
  ReduceMax: reader(ops.reduceMax),
  ReduceMin: reader(ops.reduceMin),
  ReduceProd: reader(ops.reduceProd),
  ReduceL1: reader(ops.reduceL1),
  ReduceL2: reader(ops.reduceL2),
  ReduceSumSquare: reader(ops.reduceSumSquare),
  ReduceLogSum: reader(ops.reduceLogSum),
  ReduceLogSumExp: reader(ops.reduceLogSumExp),
  CumSum: (node) =>
    ops.cumSum(node.input(0), node.constantNumber(1), {
      exclusive: node.int("exclusive", 0) === 1,
      reverse: node.int("reverse", 0) === 1,
    }),
};

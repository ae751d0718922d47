/**
 * Pooling. `ceil_mode` and automatic pads become pads, since sizes are known. MaxPool that is asked for the places of its
 * maxima is carried.
 */
import type { Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import type { NodeView, Reader, Readers } from "../node.ts";
import { autoPadOf, windowOf } from "./convolution.ts";

/** The node's window with the pads that it asks for, and with those that its last, incomplete windows need. */
function windowsOf(node: NodeView, x: Tensor) {
  const places = x.shape.slice(2);
  const window = windowOf(node, places.length);
  const asked = { ...window, pads: ops.automaticPads(autoPadOf(node), places, window) };
  const filled = node.int("ceil_mode", 0) === 1 ? ops.ceilingPads(places, asked) : asked.pads;
  const options = { stride: asked.strides, dilation: asked.dilations, padding: filled };
  return { kernel: asked.kernel_shape, options, asked: asked.pads };
}

/**
 * What lies beyond the pads that were asked for is in no mean, even where these pads are: they are then zeros of the tensor.
 */
function averagePool(node: NodeView): Tensor {
  const x = node.input(0);
  const { kernel, options, asked } = windowsOf(node, x);
  const countPadding = node.int("count_include_pad", 0) === 1;
  const beyond = options.padding.map((p, k) => p - asked[k]!);
  if (!countPadding || beyond.every((p) => p === 0))
    return ops.averagePool(x, kernel, { ...options, countPadding });
  const axes = kernel.length;
  const padded = ops.pad(x, [0, 0, ...asked.slice(0, axes)], [0, 0, ...asked.slice(axes)]);
  return ops.averagePool(padded, kernel, { ...options, padding: beyond, countPadding: false });
}

const planeOf =
  (build: (x: Tensor) => Tensor): Reader =>
  (node) =>
    build(node.input(0));

export const pooling: Readers = {
  MaxPool: (node) => {
    if (node.hasOutput(1)) return null;
    const x = node.input(0);
    const { kernel, options } = windowsOf(node, x);
    return ops.maxPool(x, kernel, options);
  },
  AveragePool: averagePool,
  LpPool: (node) => {
    const x = node.input(0);
    const { kernel, options } = windowsOf(node, x);
    return ops.lpPool(x, kernel, node.int("p", 2), options);
  },
  GlobalMaxPool: planeOf(ops.globalMaxPool),
  GlobalAveragePool: planeOf(ops.globalAveragePool),
  GlobalLpPool: (node) => ops.lpPool(node.input(0), node.input(0).shape.slice(2), node.int("p", 2)),
};

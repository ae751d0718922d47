/**
 * Pooling, and its undoing. `ceil_mode` and automatic pads become pads, since sizes are known.
 */
import type { Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import { show } from "../../shapes.ts";
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

/**
 * Places count in the tensor that was pooled, whose sizes are (size − 1)·stride + kernel − pads; a larger output has zeros behind
 * them.
 */
function maxUnpool(node: NodeView): Tensor {
  const x = node.input(0);
  const { kernel_shape, strides, pads } = windowOf(node, x.rank - 2);
  const pooled = kernel_shape.map(
    (size, k) => (x.shape[k + 2]! - 1) * strides[k]! + size - pads[k]! - pads[k + kernel_shape.length]!,
  );
  const shape = [...x.shape.slice(0, 2), ...pooled];
  const whole = ops.maxUnpool(x, node.input(1), shape);
  const wanted = node.constantInts(2, shape);
  if (wanted.length !== x.rank)
    throw node.refuse(`its output shape must have ${x.rank} sizes`, `found ${show(wanted)}`);
  return ops.pad(
    whole,
    shape.map(() => 0),
    shape.map((size, k) => wanted[k]! - size),
  );
}

const planeOf =
  (build: (x: Tensor) => Tensor): Reader =>
  (node) =>
    build(node.input(0));

export const pooling: Readers = {
  MaxPool: (node) => {
    const x = node.input(0);
    const { kernel, options } = windowsOf(node, x);
    if (!node.hasOutput(1)) return ops.maxPool(x, kernel, options);
    const columnMajor = node.int("storage_order", 0) === 1;
    const { output, places } = ops.maxPoolPlaces(x, kernel, { ...options, columnMajor });
    return [output, places];
  },
  MaxUnpool: maxUnpool,
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

/** Convolution and its transpose. Automatic pads and output shapes become pads, since sizes are known. */
import type { Tensor } from "../../graph.ts";
import { automaticPads, conv, convTranspose, reachOf, type WindowAttributes } from "../../ops/index.ts";
import { sameShape, show } from "../../shapes.ts";
import type { NodeView, Readers } from "../node.ts";

/** The node's window over the `axes` last axes, with the defaults of ONNX; `kernel` where it has no kernel_shape. */
export function windowOf(node: NodeView, axes: number, kernel?: readonly number[]): WindowAttributes {
  const all = (value: number) => new Array<number>(Math.max(0, axes)).fill(value);
  const window = {
    kernel_shape: node.ints("kernel_shape", kernel),
    strides: node.ints("strides", all(1)),
    pads: node.ints("pads", [...all(0), ...all(0)]),
    dilations: node.ints("dilations", all(1)),
  };
  const { kernel_shape, strides, dilations, pads } = window;
  if ([kernel_shape, strides, dilations].some((list) => list.length !== axes) || pads.length !== 2 * axes) {
    throw node.refuse(
      `kernel_shape, strides and dilations must have ${axes} values, and pads ${2 * axes}`,
      `found ${[kernel_shape, strides, dilations, pads].map(show).join(", ")}`,
    );
  }
  return window;
}

const MODES = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];

export function autoPadOf(node: NodeView): string {
  const mode = node.string("auto_pad", "NOTSET") || "NOTSET";
  if (MODES.includes(mode)) return mode;
  throw node.refuse(`auto_pad must be one of ${MODES.join(", ")}`, `found ${mode}`);
}

/** The window of a kernel whose shape the weights have, whether or not the node repeats it. */
function kernelOf(node: NodeView, x: Tensor, w: Tensor): WindowAttributes {
  const window = windowOf(node, x.rank - 2, w.shape.slice(2));
  if (sameShape(window.kernel_shape, w.shape.slice(2))) return window;
  throw node.refuse(
    `kernel_shape must be that of the weights ${show(w.shape)}`,
    `found ${show(window.kernel_shape)}`,
  );
}

const optionsOf = ({ strides, pads, dilations }: WindowAttributes, groups: number) => ({
  stride: strides,
  padding: pads,
  dilation: dilations,
  groups,
});

/**
 * Pads and output padding of a transposed convolution whose output's sizes are given, or follow from auto_pad as size · stride:
 *
 *   total = stride·(size − 1) + output_padding + reach − output
 *
 * shared between both ends, the odd place at the end for SAME_UPPER, else at the front.
 */
function transposedPads(node: NodeView, sizes: readonly number[], window: WindowAttributes) {
  const { strides } = window;
  const mode = autoPadOf(node);
  const padding = node.ints(
    "output_padding",
    strides.map(() => 0),
  );
  if (!node.hasAttribute("output_shape") && !mode.startsWith("SAME"))
    return { padding: automaticPads(mode, sizes, window), outputPadding: padding };
  const outputs = node.ints(
    "output_shape",
    sizes.map((size, k) => size * strides[k]!),
  );
  const wanted = outputs.slice(-sizes.length); // some exporters list batch and channels too
  const totals = sizes.map(
    (size, k) => strides[k]! * (size - 1) + (padding[k] ?? 0) + reachOf(window, k) - wanted[k]!,
  );
  const inside = totals.map((total) => Math.max(0, total));
  const small = inside.map((total) => Math.floor(total / 2));
  const large = inside.map((total) => Math.ceil(total / 2));
  return {
    padding: mode === "SAME_UPPER" ? [...small, ...large] : [...large, ...small],
    outputPadding: totals.map((total, k) => (padding[k] ?? 0) + Math.max(0, -total)),
  };
}

export const convolution: Readers = {
  Conv: (node) => {
    const [x, w] = [node.input(0), node.input(1)];
    const window = kernelOf(node, x, w);
    const pads = automaticPads(autoPadOf(node), x.shape.slice(2), window);
    return conv(x, w, node.optional(2), optionsOf({ ...window, pads }, node.int("group", 1)));
  },
  ConvTranspose: (node) => {
    const [x, w] = [node.input(0), node.input(1)];
    const window = kernelOf(node, x, w);
    const bias = node.optional(2);
    return convTranspose(x, w, {
      ...optionsOf(window, node.int("group", 1)),
      ...transposedPads(node, x.shape.slice(2), window),
      ...(bias && { bias }),
    });
  },
};

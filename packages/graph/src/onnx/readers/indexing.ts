/** Parts of tensors, and places that a tensor of indices names. */
import { frontAxis, type Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import { show } from "../../shapes.ts";
import type { NodeView, Readers } from "../node.ts";

function slice(node: NodeView): Tensor {
  const x = node.input(0);
  const starts = node.constantInts(1);
  const axes = node.constantInts(
    3,
    starts.map((_, k) => k),
  );
  const steps = node.constantInts(
    4,
    starts.map(() => 1),
  );
  return ops.slice(x, starts, node.constantInts(2), axes, steps);
}

/** Pads are for the named axes (opset 18), or for all: before each, then after each. */
function pad(node: NodeView): Tensor {
  const x = node.input(0);
  const pads = node.constantInts(1);
  const named = node.constantInts(3, [...x.shape.keys()]);
  const axes = named.map((axis) => frontAxis("Pad", x, axis));
  if (pads.length !== 2 * axes.length) {
    throw node.refuse(`it needs two pads for each of ${axes.length} axes`, `found ${show(pads)}`);
  }
  const side = (offset: number) =>
    x.shape.map((_, axis) => (axes.includes(axis) ? pads[offset + axes.indexOf(axis)]! : 0));
  const mode = node.string("mode", "constant");
  return mode === "constant"
    ? ops.pad(x, side(0), side(axes.length), node.constantNumber(2, 0))
    : ops.padBy(x, mode as ops.PadMode, side(0), side(axes.length));
}

/** Rows where the condition holds: how many there are must be known, so the condition must be. */
function compress(node: NodeView): Tensor {
  const x = node.input(0);
  const { data } = node.constant(1);
  const kept = Array.from(data.keys()).filter((i) => data[i] !== 0);
  const indices = node.graph.constant(kept, [kept.length], "int64");
  return node.hasAttribute("axis")
    ? ops.gather(x, indices, node.int("axis"))
    : ops.gather(ops.reshape(x, [x.size]), indices);
}

/** Values are off, then on. */
function oneHot(node: NodeView): Tensor {
  const values = node.input(2);
  const value = (k: number) => ops.reshape(ops.slice(values, [k], [k + 1], [0]), []);
  return ops.oneHot(node.input(0), node.constantNumber(1), value(1), value(0), node.int("axis", -1));
}

const reductionOf = (node: NodeView) => node.string("reduction", "none") as ops.ScatterReduction;

export const indexing: Readers = {
  Slice: slice,
  Pad: pad,
  Gather: (node) => ops.gather(node.input(0), node.input(1), node.int("axis", 0)),
  GatherElements: (node) => ops.gatherElements(node.input(0), node.input(1), node.int("axis", 0)),
  GatherND: (node) => ops.gatherND(node.input(0), node.input(1), node.int("batch_dims", 0)),
  ScatterElements: (node) =>
    ops.scatterElements(node.input(0), node.input(1), node.input(2), node.int("axis", 0), reductionOf(node)),
  ScatterND: (node) => ops.scatterND(node.input(0), node.input(1), node.input(2), reductionOf(node)),
  OneHot: oneHot,
  Compress: compress,
  Trilu: (node) => ops.trilu(node.input(0), node.constantNumber(1, 0), node.int("upper", 1) === 1),
};

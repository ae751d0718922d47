/** Moves of axes and of places: shapes, axes, repeats and parts are operands that must be known when the model is imported. */
import type { Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import { broadcastShapes, show } from "../../shapes.ts";
import type { NodeView, Readers } from "../node.ts";

/** A size of 0 stands for the size that is there, unless the node allows zeros; −1 for what is left. */
function reshape(node: NodeView): Tensor {
  const x = node.input(0);
  const wanted = node.constantInts(1);
  if (node.int("allowzero", 0) === 1) return ops.reshape(x, wanted);
  const shape = wanted.map((size, k) => {
    if (size !== 0) return size;
    if (k < x.rank) return x.shape[k]!;
    throw node.refuse(
      `size ${k} is to stay as it is, and the tensor has ${x.rank} axes`,
      `found shape ${show(wanted)}`,
    );
  });
  return ops.reshape(x, shape);
}

/** Sizes are an operand, a number of parts (opset 18), or as many equal parts as there are outputs. */
function split(node: NodeView): readonly Tensor[] {
  const x = node.input(0);
  const axis = node.int("axis", 0);
  if (node.hasInput(1)) return ops.split(x, node.constantInts(1), axis);
  const parts = node.int("num_outputs", node.outputs.length);
  if (parts === node.outputs.length) return ops.split(x, parts, axis);
  throw node.refuse(
    `num_outputs must be the number of its outputs, ${node.outputs.length}`,
    `found ${parts}`,
  );
}

export const shape: Readers = {
  Reshape: reshape,
  Flatten: (node) => ops.flatten(node.input(0), node.int("axis", 1)),
  Squeeze: (node) => {
    const x = node.input(0);
    const ones = x.shape.flatMap((size, k) => (size === 1 ? [k] : []));
    return ops.squeeze(x, node.constantInts(1, ones));
  },
  Unsqueeze: (node) => ops.unsqueeze(node.input(0), node.constantInts(1)),
  Transpose: (node) => {
    const x = node.input(0);
    return ops.transpose(x, node.ints("perm", [...x.shape.keys()].reverse()));
  },
  Concat: (node) =>
    ops.concat(
      Array.from({ length: node.inputCount }, (_, k) => node.input(k)),
      node.int("axis"),
    ),
  Split: split,
  Expand: (node) => {
    const x = node.input(0);
    const wanted = node.constantInts(1);
    const common = broadcastShapes(x.shape, wanted);
    if (common) return ops.expand(x, common);
    throw node.refuse(`${x} must broadcast to the shape asked for`, `found ${show(wanted)}`);
  },
  Tile: (node) => ops.tile(node.input(0), node.constantInts(1)),
  DepthToSpace: (node) => {
    const mode = node.string("mode", "DCR");
    return ops.depthToSpace(node.input(0), node.int("blocksize"), mode as ops.DepthMode);
  },
  SpaceToDepth: (node) => ops.spaceToDepth(node.input(0), node.int("blocksize")),
};

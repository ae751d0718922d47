/** Resize by scales or to sizes. With antialiasing, cropping, or sizes that only bound the picture, it is carried. */
import { frontAxis, type Tensor } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import { show } from "../../shapes.ts";
import type { NodeView, Reader, Readers } from "../node.ts";

/** Scales or sizes of the named axes (opset 18) as those of all. */
function targetOf(node: NodeView, x: Tensor) {
  const { shape } = x;
  const axes = node.ints("axes", [...shape.keys()]).map((axis) => frontAxis("Resize", x, axis));
  const complete = (values: readonly number[], others: readonly number[]) => {
    if (values.length !== axes.length) {
      throw node.refuse(`it needs a scale or size for each of ${axes.length} axes`, `found ${show(values)}`);
    }
    return others.map((other, axis) => (axes.includes(axis) ? values[axes.indexOf(axis)]! : other));
  };
  const scales = node.hasInput(2) ? Array.from(node.constant(2).data) : [];
  if (scales.length > 0)
    return {
      scales: complete(
        scales,
        shape.map(() => 1),
      ),
    };
  return { sizes: complete(node.constantInts(3), shape) };
}

const read: Reader = (node) => {
  const coordinates = node.string("coordinate_transformation_mode", "half_pixel");
  const stretched = node.string("keep_aspect_ratio_policy", "stretch") === "stretch";
  if (!stretched || node.int("antialias", 0) === 1 || coordinates === "tf_crop_and_resize") return null;
  const x = node.input(0);
  return ops.resize(x, targetOf(node, x), {
    mode: node.string("mode", "nearest") as "nearest",
    coordinates: coordinates as ops.Coordinates,
    nearest: node.string("nearest_mode", "round_prefer_floor") as ops.Nearest,
    cubicCoefficient: node.float("cubic_coeff_a", -0.75),
    excludeOutside: node.int("exclude_outside", 0) === 1,
  });
};

export const resize: Readers = { Resize: read };

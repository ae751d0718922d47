/** How the samplers that learn see a dimension: as an axis of the unit cube, continuous or cut into the shares of its values. */
import { type Axis, CONTINUOUS } from "@thalweg/optim";
import { type Dimension, edgeOf } from "./space.ts";

/** More whole numbers than these are as good as continuous. */
const MOST_CELLS = 100;

export function axisOf(dimension: Dimension): Axis {
  if (dimension.type === "categorical") return { kind: "choices", count: dimension.choices.length };
  if (dimension.type !== "int") return CONTINUOUS;
  const count = dimension.high - dimension.low + 1;
  if (count > MOST_CELLS) return CONTINUOUS;
  return {
    kind: "ordered",
    edges: Array.from({ length: count + 1 }, (_, i) => edgeOf(dimension, dimension.low + i)),
  };
}

/** The largest or smallest values along an axis, with their places: TopK, and `argMin`, which is `argMax` of the negative. */
import { frontAxis, type MultiOperator, misfit, type Tensor } from "../graph.ts";
import { sizeOf } from "../shapes.ts";
import { neg } from "./arithmetic.ts";
import { argMax } from "./reduction.ts";

export type TopKAttributes = { k: readonly number[]; axis: number; largest: number; sorted: number };

/** k values along an axis in descending order (ascending where the smallest are asked for), and their indices; among ties the first. */
export const TopK: MultiOperator<TopKAttributes> = {
  name: "TopK",
  trailing: ["k"],
  inferAll([x], { k: [k = 0], axis }) {
    if (!(Number.isInteger(k) && k >= 0 && k <= x.shape[axis]!)) {
      throw misfit("TopK", [x], `k must be a whole number in [0, ${x.shape[axis]}]`, `current value is ${k}`);
    }
    const shape = x.shape.map((d, a) => (a === axis ? k : d));
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: "int64" },
    ];
  },
  evaluateAll([x], { k: [k = 0], axis, largest }, outputs) {
    const { shape } = outputs[0]!;
    const values = new Float64Array(sizeOf(shape));
    const indices = new Float64Array(values.length);
    const size = x.shape[axis]!;
    const inner = sizeOf(x.shape.slice(axis + 1));
    const lines = sizeOf(x.shape.slice(0, axis)) * inner;
    for (let line = 0; line < lines; line++) {
      const outer = Math.floor(line / inner);
      const at = (i: number, count: number) => (outer * count + i) * inner + (line % inner);
      const order = Array.from({ length: size }, (_, i) => i).sort((i, j) => {
        const difference = x.data[at(i, size)]! - x.data[at(j, size)]!;
        return largest ? -difference : difference;
      });
      for (let i = 0; i < k; i++) {
        values[at(i, k)] = x.data[at(order[i]!, size)]!;
        indices[at(i, k)] = order[i]!;
      }
    }
    return [values, indices];
  },
  // each value's gradient goes back to the place it was taken from
  gradient: [
    (
      { inputs: [x], outputs: [, indices], gradients: [g], attributes: { axis } },
      { constantLike, scatterElements },
    ) => (g ? scatterElements(constantLike(x, 0, x.shape), indices!, g, axis) : null),
  ],
};

/** The k largest values along an axis and their int64 indices, largest first; or the smallest. */
export function topK(
  x: Tensor,
  k: number,
  { axis = -1, largest = true } = {},
): { values: Tensor; indices: Tensor } {
  const attributes = { k: [k], axis: frontAxis("TopK", x, axis), largest: Number(largest), sorted: 1 };
  const [values, indices] = x.graph.applyMany(TopK, [x], attributes) as [Tensor, Tensor];
  return { values, indices };
}

/** Index of the smallest value along an axis, the first one among ties. */
export const argMin = (x: Tensor, axis = -1, keepdims = false): Tensor => argMax(neg(x), axis, keepdims);

/**
 * Reading at places that a tensor of indices names: Gather GatherElements GatherND, and oneHot, composed. Scattering with
 * addition undoes them: `scatter.ts`. Source: onnx/docs/Operators.md, opset 18.
 */
import { frontAxis, misfit, type Operator, type Tensor } from "../graph.ts";
import { sameShape, sizeOf, table } from "../shapes.ts";
import { add } from "./arithmetic.ts";
import { cast, equal, less, where } from "./comparison.ts";
import { constantLike, type Operand } from "./elementwise.ts";
import { pad } from "./indexing.ts";
import { eachElement, eachTuple, fromFront, requireIndices, requireSameRank } from "./places.ts";
import { concat, expand, reshape, transpose, unsqueeze } from "./shape.ts";

/** y = x[…, indices, …] along an axis. Output: x's axes with `axis` replaced by those of indices. */
export const Gather: Operator<{ axis: number }> = {
  name: "Gather",
  infer([x, indices], { axis }) {
    requireIndices("Gather", [x, indices]);
    const size = x.shape[axis]!;
    const { origin } = indices;
    const known = origin.kind === "constant" ? origin.data : [];
    const outside = known.find((i) => !(i >= -size && i < size));
    if (outside !== undefined) {
      throw misfit("Gather", [x, indices], `indices must lie in [${-size}, ${size})`, `found ${outside}`);
    }
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return { shape, dtype: x.dtype };
  },
  evaluate([x, indices], { axis }, { shape }) {
    const out = new Float64Array(sizeOf(shape));
    const size = x.shape[axis]!;
    const row = sizeOf(x.shape.slice(axis + 1));
    const outer = sizeOf(x.shape.slice(0, axis));
    const count = indices.data.length;
    for (let i = 0; i < outer; i++) {
      for (let j = 0; j < count; j++) {
        const index = fromFront("Gather", indices.data[j]!, size);
        const from = (i * size + index) * row;
        out.set(x.data.subarray(from, from + row), (i * count + j) * row);
      }
    }
    return out;
  },
  // every row of dy is added to the row of dx it was read from; other axes than the first are brought to the front
  gradient: [
    ({ inputs: [x, indices], attributes: { axis }, gradient: g }, { scatterAdd }) => {
      const { origin } = indices;
      if (origin.kind === "constant" && indices.size === 1) {
        const before = x.shape.map((d, k) =>
          k === axis ? fromFront("Gather", Number(origin.data[0]), d) : 0,
        );
        const after = before.map((b, k) => (k === axis ? x.shape[axis]! - 1 - b : 0));
        return pad(
          reshape(
            g,
            x.shape.map((d, k) => (k === axis ? 1 : d)),
          ),
          before,
          after,
        );
      }
      const lead = (first: number, count: number, rank: number) => {
        const moved = Array.from({ length: count }, (_, k) => first + k);
        return [...moved, ...Array.from({ length: rank }, (_, k) => k).filter((k) => !moved.includes(k))];
      };
      const perm = lead(axis, 1, x.rank);
      const rows = transpose(g, lead(axis, indices.rank, g.rank));
      const shape = perm.map((k) => x.shape[k]!);
      const sum = scatterAdd(constantLike(x, 0, shape), indices, rows);
      return transpose(
        sum,
        perm.map((_, k) => perm.indexOf(k)),
      );
    },
    null,
  ],
};

/** y[i, j] = x[indices[i, j], j] for axis 0: y has the shape of indices. */
export const GatherElements: Operator<{ axis: number }> = {
  name: "GatherElements",
  infer([x, indices], { axis }) {
    requireIndices("GatherElements", [x, indices]);
    requireSameRank("GatherElements", [x, indices], axis);
    return { shape: indices.shape, dtype: x.dtype };
  },
  evaluate([x, indices], { axis }) {
    const out = new Float64Array(indices.data.length);
    eachElement("GatherElements", x.shape, indices, axis, (k, place) => {
      out[k] = x.data[place]!;
    });
    return out;
  },
  // every element of dy is added to the place of dx it was read from
  gradient: [
    ({ inputs: [x, indices], attributes: { axis }, gradient: g }, { scatterElements }) =>
      scatterElements(constantLike(x, 0, x.shape), indices, g, axis, "add"),
    null,
  ],
};

/** y[…] = x[indices[…]], where the last axis of indices holds places in x's first axes, after `batch_dims` common ones. */
export const GatherND: Operator<{ batch_dims: number }> = {
  name: "GatherND",
  infer([x, indices], { batch_dims }) {
    requireIndices("GatherND", [x, indices], false);
    const n = indices.shape.at(-1) ?? 0;
    const common = sameShape(x.shape.slice(0, batch_dims), indices.shape.slice(0, batch_dims));
    if (n < 1 || !(batch_dims >= 0 && batch_dims < indices.rank) || batch_dims + n > x.rank || !common) {
      throw misfit(
        "GatherND",
        [x, indices],
        `indices [batch…, …, n] must share ${batch_dims} axes with the data, and name 1 to ${x.rank - batch_dims} of its further axes`,
      );
    }
    return { shape: [...indices.shape.slice(0, -1), ...x.shape.slice(batch_dims + n)], dtype: x.dtype };
  },
  evaluate([x, indices], { batch_dims }, { shape }) {
    const out = new Float64Array(sizeOf(shape));
    const row = sizeOf(x.shape.slice(batch_dims + indices.shape.at(-1)!));
    eachTuple("GatherND", x.shape, indices, batch_dims, (t, place) => {
      out.set(x.data.subarray(place, place + row), t * row);
    });
    return out;
  },
  // every row of dy is added to the row of dx it was read from
  gradient: [
    ({ inputs: [x, indices], attributes: { batch_dims }, gradient: g }, { scatterND }) =>
      scatterND(constantLike(x, 0, x.shape), withBatch(indices, batch_dims), g, "add"),
    null,
  ],
};

/** Indices [batch…, …, n] with their own place in the batch before them: [batch…, …, batch + n]. */
function withBatch(indices: Tensor, batchDims: number): Tensor {
  const tuples = [...indices.shape.slice(0, -1), 1];
  const places = Array.from({ length: batchDims }, (_, axis) => {
    const size = indices.shape[axis]!;
    const along = tuples.map((_, k) => (k === axis ? size : 1));
    const count = Array.from({ length: size }, (_, i) => i);
    return expand(indices.graph.constant(count, along, "int64"), tuples);
  });
  return concat([...places, indices], -1);
}

/** Rows (or, with `axis`, stretches) of `x` chosen by int32 or int64 indices. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  x.graph.apply(Gather, [x, indices], { axis: frontAxis("Gather", x, axis) });

/** Single elements of `x`, each index counting along `axis` at its own place on the others (torch.gather). */
export const gatherElements = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  x.graph.apply(GatherElements, [x, indices], { axis: frontAxis("GatherElements", x, axis) });

/** Parts of `x` named by tuples along the last axis of int64 indices. */
export const gatherND = (x: Tensor, indices: Tensor, batchDims = 0): Tensor =>
  x.graph.apply(GatherND, [x, indices], { batch_dims: batchDims });

/**
 * A new axis of size `depth`, at `axis` of the result, that holds `on` at the place each index names and `off` elsewhere;
 * an index outside [−depth, depth) has `off` everywhere.
 */
export function oneHot(indices: Tensor, depth: number, on: Tensor, off: Operand = 0, axis = -1): Tensor {
  const place = frontAxis("OneHot", indices, axis, indices.rank + 1);
  const whole = cast(indices, "int64");
  const front = where(less(whole, 0), add(whole, depth), whole);
  const along = Array.from({ length: indices.rank + 1 }, (_, k) => (k === place ? depth : 1));
  const count = indices.graph.constant(
    table(depth, (i) => i),
    along,
    "int64",
  );
  const hot = equal(unsqueeze(front, [place]), count);
  return where(hot, on, typeof off === "number" ? constantLike(on, off) : off);
}

/**
 * Reading and writing at places that a tensor of indices names: Gather GatherElements GatherND, ScatterElements ScatterND,
 * and oneHot, composed. They come in adjoint pairs: scattering with addition undoes gathering. Indices may be negative.
 * Source: onnx/docs/Operators.md, opset 18.
 */
import { frontAxis, misfit, type Operator, type Rule, type Tensor, type Value } from "../graph.ts";
import { type Shape, sameShape, show, sizeOf, stridesOf, table, walk } from "../shapes.ts";
import { add, div, mul } from "./arithmetic.ts";
import { cast, equal, less, where } from "./comparison.ts";
import { constantLike, type Operand } from "./elementwise.ts";
import { pad } from "./indexing.ts";
import { concat, expand, reshape, transpose, unsqueeze } from "./shape.ts";

function fromFront(operator: string, index: number, size: number): number {
  if (!(index >= -size && index < size)) {
    throw new RangeError(`Cannot evaluate ${operator} as index ${index} is outside [${-size}, ${size})`);
  }
  return index < 0 ? index + size : index;
}

function requireIndices(operator: string, inputs: readonly Tensor[], narrow = true): void {
  const { dtype } = inputs[1]!;
  if (dtype !== "int64" && !(narrow && dtype === "int32")) {
    throw misfit(operator, inputs, `indices must be ${narrow ? "int32 or " : ""}int64`, "cast them");
  }
}

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
    ({ inputs: [x, indices], attributes: { axis }, gradient: g }) => {
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

/** For each element of `indices`, whose place differs from an element of `shape`'s along `axis` only: where it points to. */
function eachElement(
  operator: string,
  shape: Shape,
  indices: Value,
  axis: number,
  visit: (k: number, place: number) => void,
): void {
  const strides = stridesOf(shape);
  const others = strides.map((stride, k) => (k === axis ? 0 : stride));
  walk(indices.shape, others, others, (k, base) => {
    visit(k, base + fromFront(operator, indices.data[k]!, shape[axis]!) * strides[axis]!);
  });
}

function requireSameRank(operator: string, inputs: readonly Tensor[], axis: number): void {
  const [x, indices] = inputs as readonly [Tensor, Tensor];
  const inside = indices.shape.every((d, k) => k === axis || d <= x.shape[k]!);
  if (indices.rank !== x.rank || !inside) {
    throw misfit(
      operator,
      inputs,
      `indices need the axes of the data, none of them larger, other than axis ${axis}`,
    );
  }
}

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
    ({ inputs: [x, indices], attributes: { axis }, gradient: g }) =>
      scatterElements(constantLike(x, 0, x.shape), indices, g, axis, "add"),
    null,
  ],
};

/** For each tuple in `indices` [batch…, …, n]: the offset in `shape` [batch…, …] of the row that it names. */
function eachTuple(
  operator: string,
  shape: Shape,
  indices: Value,
  batchDims: number,
  visit: (tuple: number, place: number) => void,
): void {
  const n = indices.shape.at(-1)!;
  const strides = stridesOf(shape).slice(batchDims, batchDims + n);
  const tuples = sizeOf(indices.shape.slice(0, -1));
  const perBatch = sizeOf(indices.shape.slice(batchDims, -1));
  for (let t = 0; t < tuples; t++) {
    let place = Math.floor(t / perBatch) * sizeOf(shape.slice(batchDims));
    for (let k = 0; k < n; k++) {
      place += fromFront(operator, indices.data[t * n + k]!, shape[batchDims + k]!) * strides[k]!;
    }
    visit(t, place);
  }
}

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
    ({ inputs: [x, indices], attributes: { batch_dims }, gradient: g }) =>
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

export type ScatterReduction = "none" | "add" | "mul" | "max" | "min";

const COMBINE: Readonly<Record<ScatterReduction, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

function combiner(operator: string, inputs: readonly Tensor[], reduction: string): void {
  if (Object.hasOwn(COMBINE, reduction)) return;
  const known = Object.keys(COMBINE).join(", ");
  throw misfit(operator, inputs, `its reduction must be one of ${known}`, `found ${reduction}`);
}

/** How a scatter reads at its places, and writes there: what its rules are made of. */
type Places = {
  read(x: Tensor): Tensor;
  write(data: Tensor, updates: Tensor, reduction: ScatterReduction): Tensor;
};
type ScatterStep = {
  data: Tensor;
  updates: Tensor;
  y: Tensor;
  g: Tensor;
  places: Places;
  reduction: ScatterReduction;
};

/** What of `data` and of `updates` is as large as y, and how many there are at each place, as numbers. */
function winners({ data, updates, y, g, places }: ScatterStep) {
  const kept = cast(equal(data, y), g.dtype);
  const written = cast(equal(updates, places.read(y)), g.dtype);
  return { kept, written, ties: places.write(kept, written, "add") };
}

const ofLargestData = (step: ScatterStep): Tensor => {
  const { kept, ties } = winners(step);
  return mul(step.g, div(kept, ties));
};
const ofLargestUpdate = (step: ScatterStep): Tensor => {
  const { written, ties } = winners(step);
  return mul(step.places.read(div(step.g, ties)), written);
};

/** d y / d data */
const OF_DATA: Readonly<Record<ScatterReduction, (step: ScatterStep) => Tensor>> = {
  // written places forget what was there
  none: ({ g, updates, places }) => places.write(g, constantLike(updates, 0, updates.shape), "none"),
  // y = x + Σ u
  add: ({ g }) => g,
  // y = x · Π u
  mul: ({ g, updates, places }) => places.write(g, updates, "mul"),
  // the largest gets it all; ties share equally, as torch's scatter_reduce does
  max: ofLargestData,
  min: ofLargestData,
};

/** d y / d updates */
const OF_UPDATES: Readonly<Record<ScatterReduction, (step: ScatterStep) => Tensor>> = {
  // where indices repeat, ONNX leaves open which update wins: this is right when they do not
  none: ({ g, places }) => places.read(g),
  add: ({ g, places }) => places.read(g),
  // d (x · Π u) = y / u du, which needs u ≠ 0
  mul: ({ g, y, updates, places }) => div(places.read(mul(g, y)), updates),
  max: ofLargestUpdate,
  min: ofLargestUpdate,
};

/** Rules of a scatter for its data, indices and updates. */
function scatterRules<A extends { reduction: string } & Record<string, number | string>>(
  placesOf: (indices: Tensor, attributes: A) => Places,
): (Rule<A> | null)[] {
  const rule =
    (table: typeof OF_DATA): Rule<A> =>
    ({ inputs: [data, indices, updates], attributes, output: y, gradient: g }) => {
      const reduction = attributes.reduction as ScatterReduction;
      return table[reduction]({ data, updates, y, g, places: placesOf(indices, attributes), reduction });
    };
  return [rule(OF_DATA), null, rule(OF_UPDATES)];
}

/** y = x, then y[indices[i, j], j] ← updates[i, j] for axis 0, combined with what is there by `reduction`. */
export const ScatterElements: Operator<{ axis: number; reduction: string }> = {
  name: "ScatterElements",
  infer(inputs, { axis, reduction }) {
    const [data, indices, updates] = inputs;
    combiner("ScatterElements", inputs, reduction);
    requireIndices("ScatterElements", inputs);
    requireSameRank("ScatterElements", inputs, axis);
    if (!sameShape(indices.shape, updates.shape) || updates.dtype !== data.dtype) {
      throw misfit("ScatterElements", inputs, "updates need the shape of indices and the dtype of the data");
    }
    return { shape: data.shape, dtype: data.dtype };
  },
  evaluate([data, indices, updates], { axis, reduction }) {
    const out = Float64Array.from(data.data);
    const combine = COMBINE[reduction as ScatterReduction];
    eachElement("ScatterElements", data.shape, indices, axis, (k, place) => {
      out[place] = combine(out[place]!, updates.data[k]!);
    });
    return out;
  },
  gradient: scatterRules((indices, { axis }) => ({
    read: (x) => gatherElements(x, indices, axis),
    write: (data, updates, reduction) => scatterElements(data, indices, updates, axis, reduction),
  })),
};

/** y = x, then y[indices[…]] ← updates[…], whose rows are combined with what is there by `reduction`. */
export const ScatterND: Operator<{ reduction: string }> = {
  name: "ScatterND",
  infer(inputs, { reduction }) {
    const [data, indices, updates] = inputs;
    combiner("ScatterND", inputs, reduction);
    requireIndices("ScatterND", inputs, false);
    const n = indices.shape.at(-1) ?? 0;
    const rows = [...indices.shape.slice(0, -1), ...data.shape.slice(n)];
    if (n < 1 || n > data.rank || !sameShape(rows, updates.shape) || updates.dtype !== data.dtype) {
      throw misfit(
        "ScatterND",
        inputs,
        `it needs int64 indices [..., 1 to ${data.rank}] and updates ${show(rows)} of the data's dtype`,
      );
    }
    return { shape: data.shape, dtype: data.dtype };
  },
  evaluate([data, indices, updates], { reduction }) {
    const out = Float64Array.from(data.data);
    const combine = COMBINE[reduction as ScatterReduction];
    const row = sizeOf(data.shape.slice(indices.shape.at(-1)!));
    eachTuple("ScatterND", data.shape, indices, 0, (t, place) => {
      for (let i = 0; i < row; i++) out[place + i] = combine(out[place + i]!, updates.data[t * row + i]!);
    });
    return out;
  },
  gradient: scatterRules((indices) => ({
    read: (x) => gatherND(x, indices),
    write: (data, updates, reduction) => scatterND(data, indices, updates, reduction),
  })),
};

/** Rows (or, with `axis`, stretches) of `x` chosen by int32 or int64 indices. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  x.graph.apply(Gather, [x, indices], { axis: frontAxis("Gather", x, axis) });

/** Single elements of `x`, each index counting along `axis` at its own place on the others (torch.gather). */
export const gatherElements = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  x.graph.apply(GatherElements, [x, indices], { axis: frontAxis("GatherElements", x, axis) });

/** Parts of `x` named by tuples along the last axis of int64 indices. */
export const gatherND = (x: Tensor, indices: Tensor, batchDims = 0): Tensor =>
  x.graph.apply(GatherND, [x, indices], { batch_dims: batchDims });

/** `data` with single elements replaced by `updates`, or combined with them (torch.scatter, scatter_reduce). */
export const scatterElements = (
  data: Tensor,
  indices: Tensor,
  updates: Tensor,
  axis = 0,
  reduction: ScatterReduction = "none",
): Tensor =>
  data.graph.apply(ScatterElements, [data, indices, updates], {
    axis: frontAxis("ScatterElements", data, axis),
    reduction,
  });

/** `data` with the parts that tuples of int64 indices name replaced by `updates`, or combined with them. */
export const scatterND = (
  data: Tensor,
  indices: Tensor,
  updates: Tensor,
  reduction: ScatterReduction = "none",
): Tensor => data.graph.apply(ScatterND, [data, indices, updates], { reduction });

/** `data` with each row of `updates` added to the row that `indices` names; repeated indices add up. */
export const scatterAdd = (data: Tensor, indices: Tensor, updates: Tensor): Tensor =>
  scatterND(data, reshape(cast(indices, "int64"), [...indices.shape, 1]), updates, "add");

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

/**
 * Writing at places that a tensor of indices names: ScatterElements ScatterND, each replacing what is there or combining with it.
 * Gathering undoes them: `gather.ts`. Source: onnx/docs/Operators.md, opset 18.
 */
import { frontAxis, misfit, type Operator, type Rule, type Tensor } from "../graph.ts";
import { sameShape, show, sizeOf } from "../shapes.ts";
import { div, mul } from "./arithmetic.ts";
import { cast, equal } from "./comparison.ts";
import { constantLike } from "./elementwise.ts";
import { gatherElements, gatherND } from "./gather.ts";
import { eachElement, eachTuple, requireIndices, requireSameRank } from "./places.ts";
import { reshape } from "./shape.ts";

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

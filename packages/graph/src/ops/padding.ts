/**
 * Pad with the tensor's own values: reflected at its edge, its edge repeated, or the whole repeated (wrap). Padding with a
 * constant is in `indexing.ts`. Along an axis each output place copies one input place; that map is all there is to a mode.
 * Source: onnx/docs/Operators.md, Pad, opset 19.
 */
import { misfit, type Operator, type Tensor } from "../graph.ts";
import { show, sizeOf, stridesOf, table, walk } from "../shapes.ts";
import { add } from "./arithmetic.ts";
import { flip, pad, slice } from "./indexing.ts";
import { reduceSum } from "./reduction.ts";

export type PadMode = "reflect" | "edge" | "wrap";

/** The place in [0, size) that stands for place i outside it. */
const PLACE: Readonly<Record<PadMode, (i: number, size: number) => number>> = {
  // c b | a b c | b a
  reflect: (i, size) => size - 1 - Math.abs(size - 1 - Math.abs(i)),
  // a a | a b c | c c
  edge: (i, size) => Math.min(Math.max(i, 0), size - 1),
  // b c | a b c | a b
  wrap: (i, size) => ((i % size) + size) % size,
};

export type PadByAttributes = { pads: readonly number[]; mode: string };

/** For each axis, the input place that every output place copies. */
function sources(shape: readonly number[], { pads, mode }: PadByAttributes): number[][] {
  return shape.map((size, axis) => {
    const [before, after] = [pads[axis]!, pads[axis + shape.length]!];
    return table(size + before + after, (j) => PLACE[mode as PadMode](j - before, size));
  });
}

/** ONNX's `Pad` in the modes reflect, edge and wrap. `pads` holds the pads before every axis, then those after. */
export const PadBy: Operator<PadByAttributes> = {
  name: "Pad",
  trailing: ["pads"],
  infer([x], { pads, mode }) {
    if (!Object.hasOwn(PLACE, mode)) {
      throw misfit("Pad", [x], "its mode must be constant, reflect, edge or wrap", `found ${mode}`);
    }
    const shape = x.shape.map((d, axis) => d + pads[axis]! + pads[axis + x.rank]!);
    if (pads.length !== 2 * x.rank || !shape.every((d) => d >= 0)) {
      throw misfit(
        "Pad",
        [x],
        `it needs two pads per axis that leave a size of 0 or more: found ${show(pads)}`,
      );
    }
    const most = (axis: number) => (mode === "reflect" ? x.shape[axis]! - 1 : Number.POSITIVE_INFINITY);
    if (!pads.every((p, k) => p <= 0 || (x.shape[k % x.rank]! > 0 && p <= most(k % x.rank)))) {
      throw misfit(
        "Pad",
        [x],
        `mode ${mode} copies values that axes so short do not have: found pads ${show(pads)}`,
        mode === "reflect" ? "pad by less than the size" : "pad with a constant",
      );
    }
    return { shape, dtype: x.dtype };
  },
  evaluate([x], attributes, { shape }) {
    const out = new Float64Array(sizeOf(shape));
    const from = sources(x.shape, attributes);
    const strides = stridesOf(x.shape);
    const index = stridesOf(shape);
    walk(shape, index, index, (i) => {
      let place = 0;
      for (const [axis, stride] of strides.entries()) {
        place += from[axis]![Math.floor(i / index[axis]!) % shape[axis]!]! * stride;
      }
      out[i] = x.data[place]!;
    });
    return out;
  },
  // dx = dy of all places that copied it: along each axis, the stretches that it was copied in, turned back and added
  gradient: [
    ({ inputs: [x], attributes, gradient }) => {
      const from = sources(x.shape, attributes);
      return x.shape.reduce((g, size, axis) => {
        if (attributes.pads[axis] === 0 && attributes.pads[axis + x.rank] === 0) return g;
        return stretches(from[axis]!)
          .map((stretch) => putBack(g, axis, size, stretch))
          .reduce(add);
      }, gradient);
    },
  ],
};

/** Output places [start, end) that copy `first`, `first + step`, …; a step of 0 copies one place again and again. */
type Stretch = { start: number; end: number; first: number; step: number };

/** `[2, 1, 0, 1, 2, 2]` → 2 1 0 · 1 2 · 2 */
function stretches(from: readonly number[]): Stretch[] {
  const found: Stretch[] = [];
  for (let start = 0; start < from.length; ) {
    const first = from[start]!;
    const step = start + 1 < from.length ? from[start + 1]! - first : 1;
    let end = start + 1;
    if (Math.abs(step) <= 1) while (end < from.length && from[end] === from[end - 1]! + step) end++;
    found.push({ start, end, first, step: end - start > 1 ? step : 1 });
    start = end;
  }
  return found;
}

/** The stretch of g, at the places of an axis of `size` that it was copied from, zeros elsewhere. */
function putBack(g: Tensor, axis: number, size: number, { start, end, first, step }: Stretch): Tensor {
  const part = slice(g, [start], [end], [axis]);
  const turned = step === 0 ? reduceSum(part, [axis], true) : step < 0 ? flip(part, [axis]) : part;
  const low = step < 0 ? first - (end - start - 1) : first;
  const around = (n: number) => g.shape.map((_, k) => (k === axis ? n : 0));
  return pad(turned, around(low), around(size - low - turned.shape[axis]!));
}

/** `before[k]` and `after[k]` places around axis k, filled by `mode`; negative numbers crop. */
export const padBy = (
  x: Tensor,
  mode: PadMode,
  before: readonly number[],
  after: readonly number[],
): Tensor =>
  [...before, ...after].every((p) => p === 0) && before.length === x.rank
    ? x
    : x.graph.apply(PadBy, [x], { pads: [...before, ...after], mode });

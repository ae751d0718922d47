/**
 * Reductions over axes: ReduceSum ReduceMean ReduceMax, and `sumTo`, which undoes a broadcast.
 * Axes are normalised and sorted when the operator is built; `keepdims` 1 leaves them in place with size 1.
 */
import { frontAxis, isFloat, misfit, type Operator, type Rule, type Tensor } from "../graph.ts";
import { type Shape, sameShape, sizeOf, stridesOf, walk } from "../shapes.ts";
import { reshape } from "./shape.ts";

export type ReduceAttributes = { axes: readonly number[]; keepdims: number };

const keptShape = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((d, k) => (axes.includes(k) ? 1 : d));

function reduction(
  name: string,
  start: number,
  combine: (sum: number, x: number) => number,
  finish: (sum: number, count: number) => number,
  rule: Rule<ReduceAttributes>,
): Operator<ReduceAttributes> {
  return {
    name,
    trailing: ["axes"],
    infer([x], { axes, keepdims }) {
      if (x.dtype === "bool") throw misfit(name, [x], "it takes only numbers", "cast first");
      const shape = keepdims ? keptShape(x.shape, axes) : x.shape.filter((_, k) => !axes.includes(k));
      return { shape, dtype: x.dtype };
    },
    evaluate([x], { axes }) {
      const kept = keptShape(x.shape, axes);
      const out = new Float64Array(sizeOf(kept)).fill(start);
      const strides = stridesOf(kept).map((stride, k) => (axes.includes(k) ? 0 : stride));
      walk(x.shape, strides, strides, (i, to) => {
        out[to] = combine(out[to]!, x.data[i]!);
      });
      const count = x.data.length / out.length;
      return out.map((sum) => finish(sum, count));
    },
    gradient: [rule],
  };
}

const plus = (sum: number, x: number) => sum + x;

// y = Σ x ⇒ dx = dy, repeated over the summed axes
export const ReduceSum = reduction(
  "ReduceSum",
  0,
  plus,
  (sum) => sum,
  ({ inputs: [x], attributes, gradient: g }, { expand, reshape }) =>
    expand(reshape(g, keptShape(x.shape, attributes.axes)), x.shape),
);

// y = (1/n) Σ x ⇒ dx = dy / n, repeated; scaled before repeating, where it is small
export const ReduceMean = reduction(
  "ReduceMean",
  0,
  plus,
  (sum, n) => sum / n,
  ({ inputs: [x], output, attributes, gradient: g }, { expand, mul, reshape }) =>
    expand(reshape(mul(g, output.size / x.size), keptShape(x.shape, attributes.axes)), x.shape),
);

// y = max x ⇒ dx = dy where x = y, shared equally among ties, as torch.amax does
export const ReduceMax = reduction(
  "ReduceMax",
  Number.NEGATIVE_INFINITY,
  Math.max,
  (max) => max,
  ({ inputs: [x], output, attributes, gradient: g }, ops) => {
    const kept = keptShape(x.shape, attributes.axes);
    const winners = ops.cast(ops.equal(x, ops.reshape(output, kept)), g.dtype);
    const share = ops.div(ops.reshape(g, kept), ops.reduceSum(winners, attributes.axes, true));
    return ops.mul(winners, share);
  },
);

const reducer =
  (operator: Operator<ReduceAttributes>) =>
  (x: Tensor, axes?: readonly number[], keepdims = false): Tensor => {
    const all = axes ?? x.shape.map((_, k) => k);
    const front = [...new Set(all.map((axis) => frontAxis(operator.name, x, axis)))].sort((a, b) => a - b);
    // no axes would mean all of them in ONNX
    if (front.length === 0 && isFloat(x.dtype)) return x;
    return x.graph.apply(operator, [x], { axes: front, keepdims: Number(keepdims) });
  };

/** Σ over `axes` (all when left out). */
export const reduceSum: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor =
  reducer(ReduceSum);
/** Mean over `axes` (all when left out). */
export const reduceMean: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor =
  reducer(ReduceMean);
/** Maximum over `axes` (all when left out). */
export const reduceMax: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor =
  reducer(ReduceMax);

/** Sum `x` down to `shape`, from which it could have been broadcast: the adjoint of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = x.shape.flatMap((d, k) => (k < lead || (shape[k - lead] === 1 && d !== 1) ? [k] : []));
  return reshape(reduceSum(x, axes), shape);
}

/** Index of the largest value along an axis, the first one among ties; int64, and without a gradient. */
export const ArgMax: Operator<{ axis: number; keepdims: number; select_last_index: number }> = {
  name: "ArgMax",
  infer([x], { axis, keepdims }) {
    const shape = keepdims ? keptShape(x.shape, [axis]) : x.shape.filter((_, k) => k !== axis);
    if (x.shape[axis] === 0) throw misfit("ArgMax", [x], `axis ${axis} is empty`);
    return { shape, dtype: "int64" };
  },
  evaluate([x], { axis }) {
    const kept = keptShape(x.shape, [axis]);
    const best = new Float64Array(sizeOf(kept)).fill(Number.NEGATIVE_INFINITY);
    const index = new Float64Array(best.length);
    const strides = stridesOf(kept).map((stride, k) => (k === axis ? 0 : stride));
    const inner = sizeOf(x.shape.slice(axis + 1));
    walk(x.shape, strides, strides, (i, to) => {
      if (!(x.data[i]! > best[to]!)) return;
      best[to] = x.data[i]!;
      index[to] = Math.floor(i / inner) % x.shape[axis]!;
    });
    return index;
  },
  gradient: [null],
};

export const argMax = (x: Tensor, axis = -1, keepdims = false): Tensor =>
  x.graph.apply(ArgMax, [x], {
    axis: frontAxis("ArgMax", x, axis),
    keepdims: Number(keepdims),
    select_last_index: 0,
  });

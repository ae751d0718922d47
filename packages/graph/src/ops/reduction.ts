/**
 * Reductions over axes: ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum
 * ReduceLogSumExp, and `sumTo`, which undoes a broadcast; ArgMax.
 * Axes are normalised and sorted when the operator is built; `keepdims` 1 leaves them in place with size 1.
 * Source: onnx/docs/Operators.md, opset 21. At ties and at 0 the gradients are torch's (amax, norm).
 */
import { type Call, frontAxis, isFloat, misfit, type Operator, type Rule, type Tensor } from "../graph.ts";
import { type Shape, sameShape, sizeOf, stridesOf, walk } from "../shapes.ts";
import { abs, log, mul } from "./arithmetic.ts";
import { constantLike } from "./elementwise.ts";
import { pad, slice } from "./indexing.ts";
import { concat, reshape } from "./shape.ts";

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
    evaluate([x], { axes }, { dtype }) {
      const kept = keptShape(x.shape, axes);
      const out = new Float64Array(sizeOf(kept)).fill(start);
      const strides = stridesOf(kept).map((stride, k) => (axes.includes(k) ? 0 : stride));
      walk(x.shape, strides, strides, (i, to) => {
        out[to] = combine(out[to]!, x.data[i]!);
      });
      const count = x.data.length / out.length;
      // of whole numbers a whole one, as in C
      return out.map((sum) => (isFloat(dtype) ? finish(sum, count) : Math.trunc(finish(sum, count))));
    },
    gradient: [rule],
  };
}

const plus = (sum: number, x: number) => sum + x;
const same = (sum: number) => sum;

/** dL/dy with the reduced axes in place, of size 1, so that it broadcasts against x; `output` likewise. */
function kept({ inputs: [x], attributes: { axes }, output, gradient }: Call<ReduceAttributes>) {
  const shape = keptShape(x.shape, axes);
  return { g: reshape(gradient, shape), y: reshape(output, shape) };
}

// y = Σ x ⇒ dx = dy, repeated over the summed axes
export const ReduceSum = reduction("ReduceSum", 0, plus, same, (call, { expand }) =>
  expand(kept(call).g, call.inputs[0].shape),
);

// y = (1/n) Σ x ⇒ dx = dy / n, repeated; scaled before repeating, where it is small
export const ReduceMean = reduction(
  "ReduceMean",
  0,
  plus,
  (sum, n) => sum / n,
  (call, { expand, mul }) => {
    const { output, inputs } = call;
    return expand(mul(kept(call).g, output.size / inputs[0].size), inputs[0].shape);
  },
);

// y = max x ⇒ dx = dy where x = y, shared equally among ties, as torch.amax and torch.amin do
const toExtremes: Rule<ReduceAttributes> = (call, { cast, div, equal, mul, reduceSum }) => {
  const { g, y } = kept(call);
  const winners = cast(equal(call.inputs[0], y), g.dtype);
  return mul(winners, div(g, reduceSum(winners, call.attributes.axes, true)));
};
export const ReduceMax = reduction("ReduceMax", Number.NEGATIVE_INFINITY, Math.max, same, toExtremes);
export const ReduceMin = reduction("ReduceMin", Number.POSITIVE_INFINITY, Math.min, same, toExtremes);

// y = Π x ⇒ dxᵢ = dy Πⱼ≠ᵢ xⱼ, without a division, so that zeros among the factors are no exception
export const ReduceProd = reduction(
  "ReduceProd",
  1,
  (product, x) => product * x,
  same,
  (call, { mul, reshape, transpose }) => {
    const { inputs, attributes } = call;
    const [x] = inputs;
    const { axes } = attributes;
    const perm = [...x.shape.keys()].filter((k) => !axes.includes(k)).concat(axes);
    const moved = transpose(x, perm);
    const others = productOfOthers(reshape(moved, [x.size / lengthOf(x, axes), lengthOf(x, axes)]));
    const back = perm.map((_, k) => perm.indexOf(k));
    return mul(kept(call).g, transpose(reshape(others, moved.shape), back));
  },
);

// y = Σ |x| ⇒ dx = sign(x) dy
export const ReduceL1 = reduction(
  "ReduceL1",
  0,
  (sum, x) => sum + Math.abs(x),
  same,
  (call, { mul, sign }) => mul(kept(call).g, sign(call.inputs[0])),
);

// y = √Σ x² ⇒ dx = (x/y) dy, and 0 where y = 0
export const ReduceL2 = reduction(
  "ReduceL2",
  0,
  (sum, x) => sum + x * x,
  Math.sqrt,
  (call, { constantLike, div, equal, mul, where }) => {
    const { g, y } = kept(call);
    return mul(call.inputs[0], div(g, where(equal(y, 0), constantLike(y, 1), y)));
  },
);

// y = Σ x² ⇒ dx = 2x dy
export const ReduceSumSquare = reduction(
  "ReduceSumSquare",
  0,
  (sum, x) => sum + x * x,
  same,
  (call, { mul }) => mul(call.inputs[0], mul(kept(call).g, 2)),
);

// y = ln Σ x ⇒ dx = dy / exp y
export const ReduceLogSum = reduction("ReduceLogSum", 0, plus, Math.log, (call, ops) => {
  const { g, y } = kept(call);
  return ops.expand(ops.div(g, ops.exp(y)), call.inputs[0].shape);
});

// y = ln Σ exp x ⇒ dx = exp(x − y) dy
export const ReduceLogSumExp = reduction(
  "ReduceLogSumExp",
  Number.NEGATIVE_INFINITY,
  logAddExp,
  same,
  (call, { exp, mul, sub }) => {
    const { g, y } = kept(call);
    return mul(g, exp(sub(call.inputs[0], y)));
  },
);

/** ln(exp a + exp b) without overflow. */
function logAddExp(a: number, b: number): number {
  const high = Math.max(a, b);
  return Number.isFinite(high) ? high + Math.log1p(Math.exp(-Math.abs(a - b))) : high;
}

const lengthOf = (x: Tensor, axes: readonly number[]): number => sizeOf(axes.map((axis) => x.shape[axis]!));

/**
 * For each element of a row [m, n] the product of the row's others, by halves:
 *
 *   rows a | b:   p = a b,   q = others(p)   ⇒   others(a) = q b,   others(b) = q a
 *
 * 3n products in log₂ n steps.
 */
function productOfOthers(x: Tensor): Tensor {
  const [m, n] = x.shape as [number, number];
  if (n < 2) return constantLike(x, 1, x.shape);
  const half = Math.ceil(n / 2);
  const low = slice(x, [0], [half], [1]);
  const high = pad(slice(x, [half], [n], [1]), [0, 0], [0, 2 * half - n], 1);
  const rest = productOfOthers(mul(low, high));
  return slice(concat([mul(rest, high), mul(rest, low)], 1), [0, 0], [m, n], [0, 1]);
}

/** `alone` is what the operator makes of a single number: the value without axes, which to ONNX would mean all of them. */
const reducer =
  (operator: Operator<ReduceAttributes>, alone: (x: Tensor) => Tensor = (x) => x) =>
  (x: Tensor, axes?: readonly number[], keepdims = false): Tensor => {
    const all = axes ?? x.shape.map((_, k) => k);
    const front = [...new Set(all.map((axis) => frontAxis(operator.name, x, axis)))].sort((a, b) => a - b);
    if (front.length === 0 && isFloat(x.dtype)) return alone(x);
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
/** Minimum over `axes` (all when left out). */
export const reduceMin: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor =
  reducer(ReduceMin);
/** Product over `axes` (all when left out). */
export const reduceProd: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor =
  reducer(ReduceProd);
/** Σ |x| over `axes` (all when left out). */
export const reduceL1: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor = reducer(
  ReduceL1,
  abs,
);
/** √Σ x² over `axes` (all when left out). */
export const reduceL2: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor = reducer(
  ReduceL2,
  abs,
);
/** Σ x² over `axes` (all when left out). */
export const reduceSumSquare: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor = reducer(
  ReduceSumSquare,
  (x) => mul(x, x),
);
/** ln Σ x over `axes` (all when left out). */
export const reduceLogSum: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor = reducer(
  ReduceLogSum,
  log,
);
/** ln Σ exp x over `axes` (all when left out), without overflow. */
export const reduceLogSumExp: (x: Tensor, axes?: readonly number[], keepdims?: boolean) => Tensor =
  reducer(ReduceLogSumExp);

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

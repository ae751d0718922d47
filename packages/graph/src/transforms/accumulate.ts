/**
 * The sum of the gradients that reach a tensor from its several uses, without passes over memory that can be spared:
 *
 *   slices of one tensor      each gradient is padded with zeros to the whole; side by side they are one Concat
 *   rows of a table           one gradient is scattered into zeros; it is scattered into the sum of the others
 *   weights at many steps     each gradient is a product Aᵀ B of few rows; it is one product of all rows on top of each other
 *
 * Everything else is added up as it comes.
 */
import type { Tensor } from "../graph.ts";
import {
  add,
  concat,
  constantLike,
  type GemmAttributes,
  gemm,
  type PadAttributes,
  pad,
} from "../ops/index.ts";
import { sameShape } from "../shapes.ts";

/** The sum of parts of one shape and dtype that arrive one after another. Each is added as it comes, so that it can be let go. */
export class Accumulation {
  #sum: Tensor | null = null;
  readonly #stretches: Stretch[] = [];
  readonly #scattered: Tensor[] = [];
  readonly #products: Product[] = [];

  add(part: Tensor): void {
    const stretch = stretchOf(part);
    const product = productOf(part);
    if (stretch) this.#stretches.push(stretch);
    else if (product) this.#products.push(product);
    else if (scattersIntoZeros(part)) this.#scattered.push(part);
    else this.#sum = plus(this.#sum, part);
  }

  /** Null when there were no parts. */
  total(): Tensor | null {
    const products = this.#products.splice(0).reverse();
    for (const part of products.length > 1 ? [stacked(products)] : products.map(({ part }) => part))
      this.#sum = plus(this.#sum, part);
    for (const part of joinStretches(this.#stretches.splice(0))) this.#sum = plus(this.#sum, part);
    for (const part of this.#scattered.splice(0)) this.#sum = this.#sum ? scatterInto(this.#sum, part) : part;
    return this.#sum;
  }
}

function plus(sum: Tensor | null, part: Tensor): Tensor {
  if (!sum || isZero(sum)) return part;
  return isZero(part) ? sum : add(sum, part);
}

function scattersIntoZeros({ origin }: Tensor): boolean {
  return (
    origin.kind === "call" &&
    origin.call.operator.name === "ScatterND" &&
    origin.call.attributes.reduction === "add" &&
    isZero(origin.call.inputs[0]!)
  );
}

/** The scattering that made `part` out of zeros, into `sum`. */
function scatterInto(sum: Tensor, part: Tensor): Tensor {
  const { call } = part.origin as Extract<Tensor["origin"], { kind: "call" }>;
  return part.graph.reapply(call, [sum, ...call.inputs.slice(1)])[0]!;
}

/** A part that is a product Aᵀ B, with A [m, k] and B [m, n]. */
interface Product {
  readonly part: Tensor;
  readonly a: Tensor;
  readonly b: Tensor;
}

/** Null also where copying the rows, m (k + n), is not well below adding up the products, 2kn. */
function productOf(part: Tensor): Product | null {
  const { origin } = part;
  if (origin.kind !== "call" || origin.call.operator.name !== "Gemm" || origin.call.inputs.length !== 2)
    return null;
  const { transA, transB, alpha } = origin.call.attributes as GemmAttributes;
  const [a, b] = origin.call.inputs as readonly [Tensor, Tensor];
  if (transA !== 1 || transB !== 0 || alpha !== 1 || a.size + b.size > part.size) return null;
  return { part, a, b };
}

/** Those of the first step on top: the reverse pass brings the last one first. */
const stacked = (products: readonly Product[]): Tensor =>
  gemm(
    concat(
      products.map(({ a }) => a),
      0,
    ),
    concat(
      products.map(({ b }) => b),
      0,
    ),
    { transA: 1 },
  );

/** A constant of zeros, expanded or not. */
function isZero({ origin }: Tensor): boolean {
  if (origin.kind === "constant") return origin.data.every((value) => value === 0);
  return origin.kind === "call" && origin.call.operator.name === "Expand" && isZero(origin.call.inputs[0]!);
}

/** A part that is zero except for a stretch of one axis: `content` at `start`. */
interface Stretch {
  readonly part: Tensor;
  readonly content: Tensor;
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

function stretchOf(part: Tensor): Stretch | null {
  const { origin } = part;
  if (origin.kind !== "call" || origin.call.operator.name !== "Pad") return null;
  const [content] = origin.call.inputs as readonly [Tensor];
  const { pads, constant_value } = origin.call.attributes as PadAttributes;
  const axes = part.shape.flatMap((_, k) => (pads[k] || pads[k + part.rank] ? [k] : []));
  const [axis] = axes;
  if (axes.length !== 1 || axis === undefined || constant_value !== 0) return null;
  const start = pads[axis]!;
  if (start < 0 || pads[axis + part.rank]! < 0) return null;
  return { part, content, axis, start, end: start + content.shape[axis]! };
}

/** Stretches of the axis on which the first one lies become one part, if none overlaps another. */
function joinStretches(all: readonly Stretch[]): Tensor[] {
  const axis = all[0]?.axis;
  const stretches = all.filter((one) => one.axis === axis).sort((a, b) => a.start - b.start);
  const apart = stretches.every(({ start }, k) => k === 0 || stretches[k - 1]!.end <= start);
  if (stretches.length < 2 || axis === undefined || !apart) return all.map(({ part }) => part);
  const others = all.filter((one) => one.axis !== axis);
  return [sideBySide(stretches, axis), ...others.map(({ part }) => part)];
}

function sideBySide(stretches: readonly Stretch[], axis: number): Tensor {
  const whole = stretches[0]!.part;
  const pieces = stretches.flatMap(({ content, start }, k) => {
    const gap = k === 0 ? 0 : start - stretches[k - 1]!.end;
    const zeros = content.shape.map((d, j) => (j === axis ? gap : d));
    return gap > 0 ? [constantLike(content, 0, zeros), content] : [content];
  });
  const middle = concat(pieces, axis);
  if (sameShape(middle.shape, whole.shape)) return middle;
  const along = (size: number) => whole.shape.map((_, k) => (k === axis ? size : 0));
  return pad(middle, along(stretches[0]!.start), along(whole.shape[axis]! - stretches.at(-1)!.end));
}

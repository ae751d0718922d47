/**
 * The sum of the gradients that reach a tensor from its several uses, without passes over memory that can be spared:
 *
 *   slices of one tensor      each gradient is padded with zeros to the whole; side by side they are one Concat
 *   rows of a table           one gradient is scattered into zeros; it is scattered into the sum of the others
 *
 * Everything else is added up, first come first.
 */
import type { Tensor } from "../graph.ts";
import { add, concat, constantLike, type PadAttributes, pad } from "../ops/index.ts";
import { sameShape } from "../shapes.ts";

/** Σ of the parts, which have one shape and dtype; at least one. */
export function accumulate(parts: readonly Tensor[]): Tensor {
  const counting = parts.filter((part) => !isZero(part));
  if (counting.length < 2) return counting[0] ?? parts[0]!;
  return addUp(joinStretches(counting));
}

function addUp(parts: readonly Tensor[]): Tensor {
  const at = parts.findIndex(scattersIntoZeros);
  if (at < 0 || parts.length < 2) return parts.reduce((sum, part) => add(sum, part));
  const others = parts.filter((_, k) => k !== at);
  const [scattered] = [parts[at]!];
  if (scattered.origin.kind !== "call")
    throw new TypeError("unreachable: scattersIntoZeros takes only calls");
  const { call } = scattered.origin;
  return scattered.graph.reapply(call, [addUp(others), ...call.inputs.slice(1)])[0]!;
}

function scattersIntoZeros({ origin }: Tensor): boolean {
  return (
    origin.kind === "call" &&
    origin.call.operator.name === "ScatterND" &&
    origin.call.attributes.reduction === "add" &&
    isZero(origin.call.inputs[0]!)
  );
}

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

/** Stretches of the axis on which most of them lie become one part, if none overlaps another. */
function joinStretches(parts: readonly Tensor[]): readonly Tensor[] {
  const all = parts.flatMap((part) => stretchOf(part) ?? []);
  const axis = all[0]?.axis;
  const stretches = all.filter((one) => one.axis === axis).sort((a, b) => a.start - b.start);
  const apart = stretches.every(({ start }, k) => k === 0 || stretches[k - 1]!.end <= start);
  if (stretches.length < 2 || axis === undefined || !apart) return parts;
  const joined = new Set(stretches.map(({ part }) => part));
  return [sideBySide(stretches, axis), ...parts.filter((part) => !joined.has(part))];
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

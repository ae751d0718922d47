/** Split: the parts of a tensor along an axis, which Concat puts together again. */
import { frontAxis, type MultiOperator, misfit, type Tensor } from "../graph.ts";
import { show, sizeOf, table } from "../shapes.ts";
import { constantLike } from "./elementwise.ts";
import { pad } from "./indexing.ts";
import { concat } from "./shape.ts";

export const Split: MultiOperator<{ axis: number; split: readonly number[] }> = {
  name: "Split",
  trailing: ["split"],
  inferAll([x], { axis, split }) {
    const total = split.reduce((n, size) => n + size, 0);
    if (!split.every((size) => Number.isInteger(size) && size >= 0) || total !== x.shape[axis]) {
      throw misfit(
        "Split",
        [x],
        `the parts ${show(split)} must be 0 or more and make up the ${x.shape[axis]} places of axis ${axis}`,
      );
    }
    return split.map((size) => ({
      shape: x.shape.map((d, k) => (k === axis ? size : d)),
      dtype: x.dtype,
    }));
  },
  evaluateAll([x], { axis }, outputs) {
    const row = sizeOf(x.shape.slice(axis));
    let offset = 0;
    return outputs.map(({ shape }) => {
      const part = new Float64Array(sizeOf(shape));
      const chunk = sizeOf(shape.slice(axis));
      for (let i = 0; i * chunk < part.length; i++) {
        const from = i * row + offset;
        part.set(x.data.subarray(from, from + chunk), i * chunk);
      }
      offset += chunk;
      return part;
    });
  },
  // dx = the parts' gradients side by side, zeros for those that nothing read
  gradient: [
    ({ inputs: [x], attributes: { axis, split }, outputs, gradients }) => {
      const read = gradients.flatMap((g, k) => (g ? [k] : []));
      const [only] = read;
      if (read.length === 1) {
        const at = (n: number) => x.shape.map((_, k) => (k === axis ? n : 0));
        const before = split.slice(0, only).reduce((n, size) => n + size, 0);
        return pad(gradients[only!]!, at(before), at(x.shape[axis]! - before - split[only!]!));
      }
      return concat(
        gradients.map((g, k) => g ?? constantLike(x, 0, outputs[k]!.shape)),
        axis,
      );
    },
  ],
};

/** Parts of the given sizes along an axis; a number makes that many, as equal as they can be, the last one smaller. */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): readonly Tensor[] {
  const front = frontAxis("Split", x, axis);
  const size = x.shape[front]!;
  if (typeof parts === "number" && !(Number.isInteger(parts) && parts >= 1 && parts <= Math.max(1, size))) {
    throw misfit("Split", [x], `the number of parts must lie in [1, ${size}]`, `found ${parts}`);
  }
  if (typeof parts !== "number") return x.graph.applyMany(Split, [x], { axis: front, split: parts });
  const each = Math.ceil(size / parts);
  const sizes = table(parts, (k) => Math.max(0, Math.min(each, size - k * each)));
  return x.graph.applyMany(Split, [x], { axis: front, split: sizes });
}

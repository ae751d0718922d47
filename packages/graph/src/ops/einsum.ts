/**
 * Einstein's summation for any number of operands: `einsum("bhqd,bhkd->bhqk", [q, k])`. Operands are contracted in pairs from
 * the left, each pair as one (batched) matrix product, or as an element-by-element product where nothing is summed; so the
 * derivatives are those of the parts. A label twice in one operand takes its diagonal; `...` stands for further axes, which
 * broadcast; without `->` the result has the labels that stand once, in alphabetical order.
 * Source: onnx/docs/Operators.md, Einsum-12; numpy.einsum.
 */
import { misfit, type Tensor } from "../graph.ts";
import { sizeOf } from "../shapes.ts";
import { mul } from "./arithmetic.ts";
import { slice } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { reduceSum } from "./reduction.ts";
import { reshape, transpose } from "./shape.ts";

/** A letter, or `.k` for an axis that an ellipsis stands for, counted from the right. */
type Label = string;

/** A tensor whose axes have labels. */
interface Labelled {
  readonly tensor: Tensor;
  readonly labels: readonly Label[];
}

export function einsum(equation: string, inputs: readonly Tensor[]): Tensor {
  const { terms, result } = parse(equation, inputs);
  const sizes = sizesOf(equation, inputs, terms);
  const missing = result.find((label) => !sizes.has(label));
  if (missing)
    throw misfit("Einsum", inputs, `every label of the result must stand in an operand: found "${missing}"`);
  const operands = inputs.map((tensor, k) => withoutRepeats({ tensor, labels: terms[k]! }, sizes));
  const [first, ...others] = operands as [Labelled, ...Labelled[]];
  const contracted = others.reduce((product, operand, k) => {
    const later = others.slice(k + 1).flatMap(({ labels }) => labels);
    return multiply(product, operand, new Set([...later, ...result]), sizes);
  }, first);
  const { tensor, labels } = summedTo(contracted, new Set(result));
  return transpose(
    tensor,
    result.map((label) => labels.indexOf(label)),
  );
}

/** The labels of each operand and of the result, ellipses spelled out. */
function parse(equation: string, inputs: readonly Tensor[]): { terms: Label[][]; result: Label[] } {
  const [left, right, more] = equation.replaceAll(" ", "").split("->");
  const parts = left!.split(",");
  const words = right === undefined ? parts : [...parts, right];
  const spelled = words.every((word) => /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(word));
  if (!spelled || more !== undefined || parts.length !== inputs.length) {
    throw misfit(
      "Einsum",
      inputs,
      `the equation must have letters, and at most one "...", for each of ${inputs.length} operands`,
      `current value is "${equation}"`,
    );
  }
  const hidden = parts.map((word, k) => {
    const named = word.replace("...", "").length;
    const rest = inputs[k]!.rank - named;
    if (rest < 0 || (rest > 0 && !word.includes("..."))) {
      throw misfit("Einsum", [inputs[k]!], `"${word}" of "${equation}" labels ${named} axes`);
    }
    return rest;
  });
  const spell = (word: string, rest: number): Label[] => {
    const [before, after] = word.split("...");
    if (after === undefined) return [...word];
    return [...before!, ...Array.from({ length: rest }, (_, k) => `.${rest - k}`), ...after];
  };
  const terms = parts.map((word, k) => spell(word, hidden[k]!));
  const widest = Math.max(...hidden);
  if (right !== undefined) return { terms, result: spell(right, widest) };
  const all = terms.flat();
  const once = all.filter((label) => label.length === 1 && all.indexOf(label) === all.lastIndexOf(label));
  return { terms, result: [...spell("...", widest), ...once.sort()] };
}

/** The size of each label; axes of size 1 broadcast. */
function sizesOf(equation: string, inputs: readonly Tensor[], terms: readonly Label[][]): Map<Label, number> {
  const sizes = new Map<Label, number>();
  for (const [k, labels] of terms.entries()) {
    for (const [axis, label] of labels.entries()) {
      const [known, size] = [sizes.get(label) ?? 1, inputs[k]!.shape[axis]!];
      if (known !== size && known !== 1 && size !== 1) {
        throw misfit("Einsum", inputs, `"${label}" of "${equation}" has the sizes ${known} and ${size}`);
      }
      sizes.set(label, known === 1 ? size : known);
    }
  }
  return sizes;
}

/** Each label once, by diagonals; axes of size 1 that broadcast are dropped. */
function withoutRepeats({ tensor, labels }: Labelled, sizes: ReadonlyMap<Label, number>): Labelled {
  const broadcasts = labels.map((label, axis) => tensor.shape[axis] === 1 && sizes.get(label) !== 1);
  let found: Labelled = {
    tensor: reshape(
      tensor,
      tensor.shape.filter((_, axis) => !broadcasts[axis]),
    ),
    labels: labels.filter((_, axis) => !broadcasts[axis]),
  };
  for (const label of new Set(found.labels)) {
    while (found.labels.indexOf(label) !== found.labels.lastIndexOf(label)) found = diagonal(found, label);
  }
  return found;
}

/** The diagonal of the first and the last axis of that label: every (n + 1)th element of the two axes made one. */
function diagonal({ tensor, labels }: Labelled, label: Label): Labelled {
  const pair = [labels.indexOf(label), labels.lastIndexOf(label)] as const;
  const others = [...labels.keys()].filter((axis) => !pair.includes(axis));
  const n = tensor.shape[pair[0]]!;
  const shape = others.map((axis) => tensor.shape[axis]!);
  const flat = reshape(transpose(tensor, [...others, ...pair]), [...shape, n * n]);
  return {
    tensor: slice(flat, [0], [n * n], [others.length], [n + 1]),
    labels: [...others.map((axis) => labels[axis]!), label],
  };
}

/** Sum over every label that is not kept. */
function summedTo({ tensor, labels }: Labelled, kept: ReadonlySet<Label>): Labelled {
  const axes = labels.flatMap((label, axis) => (kept.has(label) ? [] : [axis]));
  if (axes.length === 0) return { tensor, labels };
  return { tensor: reduceSum(tensor, axes), labels: labels.filter((label) => kept.has(label)) };
}

/** Product of two operands, summed over the labels that nothing later needs. */
function multiply(
  a: Labelled,
  b: Labelled,
  needed: ReadonlySet<Label>,
  sizes: ReadonlyMap<Label, number>,
): Labelled {
  const left = summedTo(a, new Set([...b.labels, ...needed]));
  const right = summedTo(b, new Set([...a.labels, ...needed]));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const summed = shared.filter((label) => !needed.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const dims = (labels: readonly Label[]) => labels.map((label) => sizes.get(label)!);
  const [B, M, K, N] = [batch, rows, summed, columns].map((labels) => sizeOf(dims(labels))) as [
    number,
    number,
    number,
    number,
  ];
  const arrange = ({ tensor, labels }: Labelled, order: readonly Label[], shape: readonly number[]) =>
    reshape(
      transpose(
        tensor,
        order.map((label) => labels.indexOf(label)),
      ),
      shape,
    );
  const product =
    summed.length === 0
      ? mul(arrange(left, [...batch, ...rows], [B, M, 1]), arrange(right, [...batch, ...columns], [B, 1, N]))
      : matmul(
          arrange(left, [...batch, ...rows, ...summed], batch.length > 0 ? [B, M, K] : [M, K]),
          arrange(right, [...batch, ...summed, ...columns], batch.length > 0 ? [B, K, N] : [K, N]),
        );
  const labels = [...batch, ...rows, ...columns];
  return { tensor: reshape(product, dims(labels)), labels };
}

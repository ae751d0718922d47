/**
 * Attention's scores alone computed again: one product, a softmax and what dropout does, of all that a transformer's layer computes, but
 * for long sequences most of its memory, heads · positions² numbers for each matrix that is kept.
 *
 *   q, kᵀ, v ─ [ q kᵀ ─ mask ─ softmax ─ dropout ─ · v ] ─ y          kept: q, kᵀ, v and y
 *
 * Source: Korthikanti et al., "Reducing activation recomputation in large transformer models", arXiv:2205.05198, §5: "selective".
 * FlashAttention (Dao et al., arXiv:2205.14135) keeps the same, and computes it in one kernel.
 */
import { type Application, ancestors, type Tensor } from "@thalweg/graph";
import { inputsOf, movingTensors } from "./blocks.ts";

/** Mark every attention of a forward pass; how many there are. `fixed` as for blocks. Raises RangeError where there is none. */
export function markAttention(loss: Tensor, fixed: ReadonlySet<Tensor>): number {
  const { checkpoints } = loss.graph;
  const order = ancestors([loss]);
  const moving = movingTensors(order, fixed);
  const readers = readersOf(order);
  for (const tensor of order) {
    const scores = isOf(tensor, "Softmax") ? productBefore(tensor) : undefined;
    const weighed = scores && productAfter(tensor, readers);
    if (!scores || !weighed) continue;
    const [first, end] = [scores.id, weighed.id + 1];
    const range = order.filter(({ id }) => id >= first && id < end);
    checkpoints.push({ inputs: [...callOf(scores)!.inputs, ...inputsOf(range, moving)], first, end });
  }
  if (checkpoints.length > 0) return checkpoints.length;
  throw new RangeError(
    "Cannot compute attention again as the network must have some, a softmax between two products: choose blocks, or train it without checkpoints",
  );
}

const callOf = ({ origin }: Tensor): Application | undefined =>
  origin.kind === "call" ? origin.call : undefined;
const isOf = (tensor: Tensor, operator: string): boolean => callOf(tensor)?.operator.name === operator;

/** The product that the tensor is made of, element by element: masks and scales come in on the way. */
function productBefore(tensor: Tensor): Tensor | undefined {
  if (isOf(tensor, "MatMul")) return tensor;
  const call = callOf(tensor);
  if (!call || !(call.operator.elementwise || isOf(tensor, "Softmax"))) return undefined;
  const operand = call.inputs.find((input) => callOf(input) && input.size === tensor.size);
  return operand && productBefore(operand);
}

/** The product that reads the tensor, with nothing but steps element by element between them. */
function productAfter(tensor: Tensor, readers: ReadonlyMap<Tensor, readonly Tensor[]>): Tensor | undefined {
  const [reader, ...others] = readers.get(tensor) ?? [];
  if (!reader || others.length > 0) return undefined;
  if (isOf(reader, "MatMul")) return reader;
  return callOf(reader)!.operator.elementwise ? productAfter(reader, readers) : undefined;
}

function readersOf(order: readonly Tensor[]): ReadonlyMap<Tensor, Tensor[]> {
  const readers = new Map<Tensor, Tensor[]>();
  for (const tensor of order) {
    for (const input of new Set(callOf(tensor)?.inputs)) {
      const known = readers.get(input);
      if (known) known.push(tensor);
      else readers.set(input, [tensor]);
    }
  }
  return readers;
}

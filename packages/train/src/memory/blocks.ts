/**
 * Which activations to compute again, found in the graph itself: whatever the network is, there are moments in its forward pass
 * at which everything that comes later depends on one tensor alone. Between two such tensors lies a block, and a block can be
 * computed again from the first of them.
 *
 *   x ─ block ─ a ─ block ─ b ─ block ─ c ─ loss          kept: a, b, c, and one block at a time
 *   memory ≈ Σ bytes of the tensors kept + bytes within the largest block
 *
 * Many small blocks make the first term large, few large ones the second; in a chain of n equal layers √n blocks are best. The
 * blocks' size is searched for, as in the paper's Algorithm 3.
 *
 * Source: Chen et al., "Training deep nets with sublinear memory cost", arXiv:1604.06174, §4.2 and Algorithm 3.
 */
import { ancestors, bytesOf, type Tensor, VIEWS } from "@thalweg/graph";

/** A tensor on which alone everything later depends, and the bytes computed since the one before it, its own among them. */
interface Cut {
  readonly tensor: Tensor;
  readonly bytes: number;
}

/**
 * Mark the blocks of a forward pass, before its gradients are made; how many there are. `fixed` are inputs that do not change from
 * batch to batch: parameters and buffers. Raises RangeError where there is nothing to mark.
 */
export function markBlocks(loss: Tensor, fixed: ReadonlySet<Tensor>): number {
  const { checkpoints } = loss.graph;
  const order = ancestors([loss]);
  const moving = movingTensors(order, fixed);
  let first = 0;
  let head: Tensor[] = [];
  const cuts = findCuts(order, moving);
  const given = inputsOf(
    order.filter(({ id }) => id <= cuts[0]!.tensor.id),
    moving,
  );
  for (const tensor of chooseEnds(cuts, bytesOfAll(given))) {
    const end = tensor.id + 1;
    const range = order.filter(({ id }) => id >= first && id < end);
    // what a block makes of the batch's inputs alone, such as dropout's mask, is computed again too
    checkpoints.push({ inputs: [...head, ...inputsOf(range, moving)], first, end });
    [first, head] = [end, [tensor]];
  }
  if (checkpoints.length > 0) return checkpoints.length;
  throw new RangeError(
    "Cannot compute blocks again as the network must have two of them, one after the other, with something to spare: train it without checkpoints",
  );
}

/** Inputs that change from batch to batch, and all that is computed from them. */
export function movingTensors(order: readonly Tensor[], fixed: ReadonlySet<Tensor>): ReadonlySet<Tensor> {
  const moving = new Set<Tensor>();
  for (const tensor of order) {
    const { origin } = tensor;
    const moves =
      origin.kind === "call"
        ? origin.call.inputs.some((input) => moving.has(input))
        : origin.kind === "input" && !fixed.has(tensor);
    if (moves) moving.add(tensor);
  }
  return moving;
}

/** Inputs among `moving` that the range reads. */
export const inputsOf = (range: readonly Tensor[], moving: ReadonlySet<Tensor>): Tensor[] => [
  ...new Set(
    range.flatMap(({ origin }) =>
      origin.kind === "call"
        ? origin.call.inputs.filter((input) => input.origin.kind === "input" && moving.has(input))
        : [],
    ),
  ),
];

/** All cuts in order; the last one is the loss. */
function findCuts(order: readonly Tensor[], moving: ReadonlySet<Tensor>): Cut[] {
  const computed = order.filter((tensor) => tensor.origin.kind === "call" && moving.has(tensor));
  const lastRead = lastReads(computed);
  const waiting = new Set<Tensor>();
  const cuts: Cut[] = [];
  let bytes = 0;
  for (const tensor of computed) {
    const { origin } = tensor;
    if (origin.kind === "call" && !VIEWS.has(origin.call.operator.name)) bytes += bytesOf(tensor);
    waiting.add(tensor);
    for (const one of waiting)
      if ((lastRead.get(one) ?? Number.POSITIVE_INFINITY) <= tensor.id) waiting.delete(one);
    const [alone] = waiting;
    if (waiting.size > 1 || alone !== tensor || !tensor.dtype.includes("float")) continue;
    cuts.push({ tensor, bytes });
    bytes = 0;
  }
  return cuts;
}

/** The number of the last tensor that is computed from each. A composition with a rule of its own reads its operands at its end. */
function lastReads(computed: readonly Tensor[]): ReadonlyMap<Tensor, number> {
  const last = new Map<Tensor, number>();
  for (const tensor of computed) {
    const { graph, id, origin } = tensor;
    const operands = origin.kind === "call" ? origin.call.inputs : [];
    for (const x of [...operands, ...(graph.composites.get(tensor)?.inputs ?? [])]) last.set(x, id);
  }
  return last;
}

/**
 * The ends of the blocks that are computed again. What comes after the last of them is kept: its gradients are wanted first. For
 * each size that a block may have, blocks are filled up to it one after the other, and the size with the least memory wins.
 */
function chooseEnds(cuts: readonly Cut[], given: number): readonly Tensor[] {
  const total = cuts.reduce((sum, { bytes }) => sum + bytes, 0);
  let best: { readonly memory: number; readonly ends: readonly Tensor[] } = { memory: total, ends: [] };
  let most = 0;
  for (const { bytes } of cuts) {
    most += bytes;
    const candidate = fill(cuts, given, most);
    if (candidate.memory < best.memory) best = candidate;
  }
  return best.ends;
}

/**
 * Blocks that compute at most so many bytes, and the memory of their ends and of the largest, with the copy of its input that it is
 * computed from; `given` is what the first one reads.
 */
function fill(cuts: readonly Cut[], given: number, most: number): { memory: number; ends: Tensor[] } {
  const ends: Tensor[] = [];
  let [block, largest, kept, copy] = [0, 0, 0, given];
  cuts.forEach(({ bytes }, k) => {
    const before = cuts[k - 1]?.tensor;
    if (before && block + bytes > most) {
      ends.push(before);
      kept += bytesOf(before);
      [block, copy] = [0, bytesOf(before)];
    }
    block += bytes;
    largest = Math.max(largest, block + copy);
  });
  return { memory: kept + largest, ends };
}

const bytesOfAll = (tensors: readonly Tensor[]): number =>
  tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);

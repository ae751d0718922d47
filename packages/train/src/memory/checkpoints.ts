/**
 * What the backward pass computes again rather than reads from memory, by the word for it. A network that marks blocks of its own
 * (`checkpointed` of @thalweg/nn) is left as it is.
 */
import type { Tensor } from "@thalweg/graph";
import { markAttention } from "./attention.ts";
import { markBlocks } from "./blocks.ts";

export const CHECKPOINTS = ["blocks", "attention"] as const;
export type Checkpoints = (typeof CHECKPOINTS)[number];

const MARKERS: Readonly<Record<Checkpoints, (loss: Tensor, fixed: ReadonlySet<Tensor>) => number>> = {
  blocks: markBlocks,
  attention: markAttention,
};

/**
 * Mark it in a forward pass, before its gradients are made; how many pieces there are. `fixed` are inputs that do not change from batch
 * to batch: parameters and buffers. Raises RangeError where there is nothing to mark.
 */
export function markCheckpoints(which: Checkpoints, loss: Tensor, fixed: Iterable<Tensor>): number {
  const { checkpoints } = loss.graph;
  return checkpoints.length > 0 ? checkpoints.length : MARKERS[which](loss, new Set(fixed));
}

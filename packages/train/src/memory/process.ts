/**
 * What training takes in the process that does it, here and now: the flat vectors in float32, the batch, and ONNX Runtime's arena for
 * the graph in the form in which this machine computes it. It is the resident memory above that of the process when everything is
 * loaded and prepared and nothing has been computed.
 *
 *   vectors   parameters, gradients, the rule's state, buffers
 *   batch     the inputs of a batch, and noise
 *   arena     what is computed on the way, with what the planner and the arena lose: `runtime.ts`
 *   copies    of the outputs, which the binding for Node makes at each run: `session.ts`
 */
import { bytesOf, gradients, type Tensor } from "@thalweg/graph";
import { layOut } from "../session.ts";
import { markCheckpoints } from "./checkpoints.ts";
import type { MemoryRequest } from "./plan.ts";
import { arenaBytes } from "./runtime.ts";
import { stateCount } from "./state.ts";

export interface ProcessMemory {
  readonly vectors: number;
  readonly batch: number;
  readonly arena: number;
  readonly copies: number;
  readonly total: number;
}

const FLOAT = 4;

/** Bytes at the worst moment of a step in float32, in one process. */
export async function processMemory(
  request: Pick<MemoryRequest, "model" | "batchSize" | "rule" | "checkpoint">,
): Promise<ProcessMemory> {
  const { model, batchSize, rule, checkpoint } = request;
  const { loss, parameters, buffers, updates } = model.trace(batchSize);
  if (checkpoint) markCheckpoints(checkpoint, loss, [...parameters, ...buffers]);
  const slopes = gradients(loss, parameters);
  const outputs = Object.fromEntries([loss, ...slopes, ...updates].map((tensor, k) => [String(k), tensor]));
  const { lowered } = await layOut(outputs, true);
  const known = new Set([...parameters, ...buffers]);
  const batch = bytesOfAll(loss.graph.inputs.filter((tensor) => !known.has(tensor)));
  const results = bytesOfAll(slopes) + bytesOfAll(updates);
  const vectors =
    bytesOfAll(parameters) + bytesOfAll(buffers) + results + FLOAT * stateCount(rule, parameters);
  const arena = arenaBytes(Object.values(lowered));
  return { vectors, batch, arena, copies: results, total: vectors + batch + arena + results };
}

const bytesOfAll = (tensors: readonly Tensor[]): number =>
  tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);

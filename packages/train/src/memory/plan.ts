/**
 * The memory that training a model takes, found without training it: the model is traced into a graph, differentiated, and the lives
 * of its tensors are followed. No number of a parameter is ever made, so that 1.5 billion of them are planned in a second.
 *
 *   parameters    as the forward pass reads them          inputs        the batch, noise for dropout, constants
 *   masters       the update's copy, where it has one     activations   what the forward pass computes, again or not
 *   gradients     one number per parameter                workspace     what the backward pass computes on its way
 *   state         of the rule                             buffers       running means and their kin
 *
 * The last three of `inputs`, `activations`, `workspace` are those of the worst moment, from the graph's own liveness: exact for
 * this graph, computed in the order in which it is built. What PyTorch keeps of the same network differs, as it computes by other operators:
 * `kept` and `transformer.ts` are for comparing. What ONNX Runtime's process takes beyond it is in `runtime.ts`.
 */
import { ancestors, bytesOf, gradients, isRecomputed, peakMemory, type Tensor, VIEWS } from "@thalweg/graph";
import type { Rule } from "@thalweg/optim";
import { type Checkpoints, markCheckpoints } from "./checkpoints.ts";
import { type PrecisionName, precisions } from "./precision.ts";
import { recomputedShare } from "./products.ts";
import { perRank, type Sharding, WHOLE } from "./sharding.ts";
import { countOf, type ParameterShape, stateCount } from "./state.ts";

/** A model in a graph, for one size of batch. */
export interface TracedModel {
  readonly loss: Tensor;
  readonly parameters: readonly Tensor[];
  readonly buffers: readonly Tensor[];
  /** New values of buffers. */
  readonly updates: readonly Tensor[];
}

/** What can be planned: a model that can be traced for any size of batch. */
export interface Plannable {
  trace(batchSize: number): TracedModel;
}

export interface MemoryRequest {
  readonly model: Plannable;
  /** Of each rank. */
  readonly batchSize: number;
  readonly rule: Rule;
  /** "fp32" by default. */
  readonly precision?: PrecisionName;
  readonly checkpoint?: Checkpoints;
  readonly sharding?: Sharding;
}

/** In the order in which they are drawn: what stays, then what comes and goes. */
export const MEMORY_PARTS = [
  "parameters",
  "masters",
  "gradients",
  "state",
  "buffers",
  "inputs",
  "activations",
  "workspace",
] as const;
export type MemoryPart = (typeof MEMORY_PARTS)[number];

export interface MemoryPlan {
  /** Numbers that are trained. */
  readonly parameterCount: number;
  /** Bytes on one rank at the worst moment. */
  readonly bytes: Readonly<Record<MemoryPart, number>>;
  readonly total: number;
  /** Bytes of the activations that the backward pass, or what computes blocks again, reads of the forward pass. */
  readonly kept: number;
  /** Blocks, or other pieces, that are computed again, and the work for it as a share of a step's without. */
  readonly blocks: number;
  readonly recomputed: number;
  /** What is computed at the worst moment. */
  readonly during: string;
  /** What lies in memory then besides parameters and their like, the largest first; equal tensors of different layers together. */
  readonly largest: readonly { readonly name: string; readonly count: number; readonly bytes: number }[];
}

/** Raises RangeError for sizes that are none, a rule that cannot update a parameter, and a model without blocks. */
export function planMemory(request: MemoryRequest): MemoryPlan {
  const { model, batchSize, rule, checkpoint, sharding = WHOLE } = request;
  requireSize("batch", batchSize);
  requireSize("ranks", sharding.ranks);
  const precision = precisions[request.precision ?? "fp32"];
  const traced = model.trace(batchSize);
  const { loss, parameters, buffers, updates } = traced;
  const count = parameters.reduce((sum, parameter) => sum + countOf(parameter), 0);
  const numbers = stateCount(rule, parameters satisfies readonly ParameterShape[]);
  const blocks = checkpoint ? markCheckpoints(checkpoint, loss, [...parameters, ...buffers]) : 0;
  const slopes = gradients(loss, parameters);
  const outputs = [loss, ...slopes, ...updates];

  const elsewhere = new Set<Tensor>([...parameters, ...buffers, ...slopes]);
  const size = (tensor: Tensor) =>
    tensor.dtype === "float32" ? precision.activation * tensor.size : bytesOf(tensor);
  const use = peakMemory(outputs, {
    parameters,
    forward: [loss, ...updates],
    bytes: (tensor) => (elsewhere.has(tensor) ? 0 : size(tensor)),
  });
  const bytes: Record<MemoryPart, number> = {
    parameters: perRank("parameters", precision.parameter * count, sharding),
    masters: perRank("masters", precision.master * count, sharding),
    gradients: perRank("gradients", precision.gradient * count, sharding),
    state: perRank("state", precision.state * numbers, sharding),
    buffers: buffers.reduce((sum, buffer) => sum + precision.state * buffer.size, 0),
    inputs: use.kinds.inputs + use.kinds.constants,
    activations: use.kinds.activations,
    workspace: use.kinds.gradients,
  };
  return {
    parameterCount: count,
    bytes,
    total: MEMORY_PARTS.reduce((sum, part) => sum + bytes[part], 0),
    kept: keptBytes(outputs, loss, size),
    blocks,
    recomputed: recomputedShare(outputs),
    during: use.during?.name ?? "",
    largest: alike(use.alive),
  };
}

function requireSize(what: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot plan memory as ${what} must be a whole number, 1 or more: current value is ${value}`,
  );
}

/** The tensor whose memory it lies in. */
function home(tensor: Tensor): Tensor {
  const { origin } = tensor;
  return origin.kind === "call" && VIEWS.has(origin.call.operator.name)
    ? home(origin.call.inputs[0]!)
    : tensor;
}

/** Bytes of the forward pass that anything else reads. Inputs are not counted: they are there anyway. */
function keptBytes(outputs: readonly Tensor[], loss: Tensor, size: (tensor: Tensor) => number): number {
  const forward = new Set(ancestors([loss]));
  const kept = new Set<Tensor>();
  for (const tensor of ancestors(outputs)) {
    if (forward.has(tensor) || tensor.origin.kind !== "call") continue;
    for (const input of tensor.origin.call.inputs) {
      const at = home(input);
      if (forward.has(input) && at.origin.kind === "call" && !isRecomputed(at)) kept.add(at);
    }
  }
  return [...kept].reduce((sum, tensor) => sum + size(tensor), 0);
}

/** Tensors that differ in the numbers of their layers alone, together. */
function alike(
  alive: readonly { readonly tensor: Tensor; readonly bytes: number }[],
): { name: string; count: number; bytes: number }[] {
  const groups = new Map<string, { name: string; count: number; bytes: number }>();
  for (const { tensor, bytes } of alive) {
    const layer = tensor.name.replace(/_\d+$/, "").replaceAll(/(?<=^|[/.])\d+(?=[/.]|$)/g, "*");
    const name = `${layer} [${tensor.shape}]`;
    const known = groups.get(name) ?? { name, count: 0, bytes: 0 };
    groups.set(name, { name, count: known.count + 1, bytes: known.bytes + bytes });
  }
  return [...groups.values()].filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
}

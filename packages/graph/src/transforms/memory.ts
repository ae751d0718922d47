/**
 * How much memory a graph takes while it is computed, from the life of each tensor: from the step that computes it to the
 * last one that reads it.
 *
 *   inputs, constants   there all the time
 *   outputs             from when they are computed to the end
 *   Reshape and its kin share their operand's memory
 *   element by element  an output takes over the memory of an operand that dies at that step
 *
 * That is what ONNX Runtime's planner does. Not counted: working space inside kernels (packed matrices, columns of
 * convolutions), and what an allocator loses between blocks of memory.
 */
import { type Application, ancestors, type DType, type Tensor } from "../graph.ts";
import { isRecomputed } from "./checkpoint.ts";

const BYTES: Readonly<Record<DType, number>> = {
  bool: 1,
  int8: 1,
  uint8: 1,
  float16: 2,
  bfloat16: 2,
  int16: 2,
  uint16: 2,
  float32: 4,
  int32: 4,
  uint32: 4,
  float64: 8,
  int64: 8,
  uint64: 8,
};

export const bytesOf = ({ size, dtype }: Tensor): number => size * BYTES[dtype];

/** Operators whose output is their first operand's memory under another shape. */
export const VIEWS: ReadonlySet<string> = new Set(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"]);

/**
 * `activations`: what the forward pass computes, also where it is computed again. `gradients`: what else is computed, the
 * gradients' working values with them.
 */
export type MemoryKind = "parameters" | "inputs" | "constants" | "activations" | "gradients";

export interface MemoryUse {
  /** Bytes at the worst moment. */
  readonly peak: number;
  /** Those bytes by kind. */
  readonly kinds: Readonly<Record<MemoryKind, number>>;
  /** What is being computed at that moment; null where nothing is computed. */
  readonly during: Tensor | null;
  /** What lies in memory then, the largest first. A tensor stands for all that share its memory. */
  readonly alive: readonly { readonly tensor: Tensor; readonly bytes: number; readonly kind: MemoryKind }[];
}

export interface MemoryOptions {
  /** Inputs that are parameters. */
  readonly parameters?: Iterable<Tensor>;
  /** The forward pass ends here (a loss): its ancestors are activations. Left out: all outputs, so that there are no gradients. */
  readonly forward?: readonly Tensor[];
  /** The order of computation. Left out: the one in which the tensors were built. */
  readonly order?: readonly Tensor[];
  /** Bytes of a tensor, where they are not those of its type: at another precision, or 0 for what is counted elsewhere. */
  readonly bytes?: (tensor: Tensor) => number;
}

/** Bytes that computing `outputs` takes at the worst moment, and for what. */
export function peakMemory(outputs: readonly Tensor[], options: MemoryOptions = {}): MemoryUse {
  const order = options.order ?? ancestors(outputs);
  const kindOf = kinds(outputs, options);
  const alive = new Set<Buffer>();
  let worst: { bytes: number; during: Tensor | null; alive: Buffer[] } = {
    bytes: -1,
    during: null,
    alive: [],
  };
  const observer: Observer = {
    allocate: (buffer) => alive.add(buffer),
    free: (buffer) => alive.delete(buffer),
    moment(bytes, during) {
      if (bytes > worst.bytes) worst = { bytes, during, alive: [...alive] };
    },
  };
  walkLifetimes(order, outputs, observer, options.bytes);
  const list = worst.alive.map(({ tensor, bytes }) => ({ tensor, bytes, kind: kindOf(tensor) }));
  list.sort((a, b) => b.bytes - a.bytes);
  const sums: Record<MemoryKind, number> = {
    parameters: 0,
    inputs: 0,
    constants: 0,
    activations: 0,
    gradients: 0,
  };
  for (const { kind, bytes } of list) sums[kind] += bytes;
  return { peak: worst.bytes, kinds: sums, during: worst.during, alive: list };
}

function kinds(outputs: readonly Tensor[], options: MemoryOptions): (tensor: Tensor) => MemoryKind {
  const parameters = new Set(options.parameters);
  const forward = new Set(ancestors(options.forward ?? outputs));
  return (tensor) => {
    if (tensor.origin.kind === "constant") return "constants";
    if (tensor.origin.kind === "input") return parameters.has(tensor) ? "parameters" : "inputs";
    return forward.has(tensor) || isRecomputed(tensor) ? "activations" : "gradients";
  };
}

/** A stretch of memory, named after the tensor it was made for. */
interface Buffer {
  readonly tensor: Tensor;
  readonly bytes: number;
  /** Reads to come, of all tensors that lie in it. Infinite for what stays. */
  reads: number;
}

interface Observer {
  allocate?(buffer: Buffer): void;
  free?(buffer: Buffer): void;
  /** Bytes alive while a tensor is computed, or before the first one. */
  moment(bytes: number, during: Tensor | null): void;
}

/** Go through the order and tell what is allocated and freed. */
function walkLifetimes(
  order: readonly Tensor[],
  outputs: readonly Tensor[],
  observer: Observer,
  bytes = bytesOf,
): void {
  const readers = countReads(order);
  const asked = new Set(outputs);
  const buffers = new Map<Tensor, Buffer>();
  let total = 0;
  const allocate = (tensor: Tensor, reads: number): Buffer => {
    const buffer = { tensor, bytes: bytes(tensor), reads };
    buffers.set(tensor, buffer);
    total += buffer.bytes;
    observer.allocate?.(buffer);
    return buffer;
  };
  for (const tensor of order) if (tensor.origin.kind !== "call") allocate(tensor, Number.POSITIVE_INFINITY);
  observer.moment(total, null);

  const done = new Set<Application>();
  for (const tensor of order) {
    if (tensor.origin.kind !== "call" || done.has(tensor.origin.call)) continue;
    const { call } = tensor.origin;
    done.add(call);
    const read = [...new Set(call.inputs)];
    for (const input of read) buffers.get(input)!.reads--;
    for (const output of call.outputs) {
      const reads = asked.has(output) ? Number.POSITIVE_INFINITY : (readers.get(output) ?? 0);
      const shared = asked.has(output) ? undefined : takenOver(call, output, buffers, bytes);
      if (!shared) allocate(output, reads);
      else {
        shared.reads += reads;
        buffers.set(output, shared);
      }
    }
    observer.moment(total, tensor);
    for (const buffer of new Set([...read, ...call.outputs].map((x) => buffers.get(x)!))) {
      if (buffer.reads > 0) continue;
      total -= buffer.bytes;
      observer.free?.(buffer);
    }
  }
}

/** Calls that read each tensor. */
function countReads(order: readonly Tensor[]): Map<Tensor, number> {
  const counts = new Map<Tensor, number>();
  const done = new Set<Application>();
  for (const { origin } of order) {
    if (origin.kind !== "call" || done.has(origin.call)) continue;
    done.add(origin.call);
    for (const input of new Set(origin.call.inputs)) counts.set(input, (counts.get(input) ?? 0) + 1);
  }
  return counts;
}

/** The operand's memory that an output lies in, if there is one. The call's own reads are over. */
function takenOver(
  { operator, inputs }: Application,
  output: Tensor,
  buffers: ReadonlyMap<Tensor, Buffer>,
  bytes: (tensor: Tensor) => number,
): Buffer | undefined {
  if (VIEWS.has(operator.name)) return buffers.get(inputs[0]!);
  if (!operator.elementwise) return undefined;
  return inputs
    .map((input) => buffers.get(input)!)
    .find((buffer) => buffer.reads === 0 && buffer.bytes === bytes(output));
}

/** Bytes at the worst moment alone, for comparing orders. */
export function peakBytes(order: readonly Tensor[], outputs: readonly Tensor[]): number {
  let most = 0;
  walkLifetimes(order, outputs, {
    moment: (bytes) => {
      most = Math.max(most, bytes);
    },
  });
  return most;
}

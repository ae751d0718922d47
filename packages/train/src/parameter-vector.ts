/**
 * All trainable tensors of a model as named segments of one flat vector, and beside it, in the same memory, the gradient
 * and the optimizer's state. ONNX Runtime reads parameters from it and writes gradients into it; the fused kernels update
 * it in place; a checkpoint is a copy of it. Buffers, such as running means, lie in a vector of their own.
 */
import { FlatMemory } from "@thalweg/formula";
import { type Declared, initializeBuffers, initializeParameters, type Module } from "@thalweg/nn";
import type { Segment } from "@thalweg/optim";

export interface ParameterVectorOptions {
  /** State slots that the optimizer will allocate here, each as large as the parameters. */
  stateSlots: number;
  /** Parameters that the optimizer has state of, where that is a part of them: all by default. */
  stateSize?: number;
}

export class ParameterVector {
  readonly memory: FlatMemory;
  readonly segments: readonly Segment[];
  readonly bufferSegments: readonly Segment[];
  /** θ */
  readonly parameters: Float32Array;
  /** ∇θ */
  readonly gradients: Float32Array;
  readonly buffers: Float32Array;

  /** Zeros for every parameter of `module`; see `initialize`. Raises RangeError when they do not fit in memory. */
  constructor(
    module: Pick<Declared, "parameters" | "buffers">,
    { stateSlots, stateSize }: ParameterVectorOptions,
  ) {
    this.segments = layOut(module.parameters);
    this.bufferSegments = layOut(module.buffers);
    const count = totalSize(this.segments);
    const buffers = totalSize(this.bufferSegments);
    // A group of its own needs its own vectors of state, each padded to a cache line: leave room for some.
    const slack = FlatMemory.bytesFor(16) * 16 * stateSlots;
    const state = stateSlots * FlatMemory.bytesFor(stateSize ?? count) + slack;
    this.memory = new FlatMemory(2 * FlatMemory.bytesFor(count) + FlatMemory.bytesFor(buffers) + state);
    this.parameters = this.memory.allocate(count);
    this.gradients = this.memory.allocate(count);
    this.buffers = this.memory.allocate(buffers);
  }

  /** Fill parameters and buffers with the module's starting values for this seed. */
  initialize(module: Module, seed: number): void {
    const parameters = initializeParameters(module, seed);
    for (const segment of this.segments) this.parameters.set(parameters.get(segment.name)!, segment.offset);
    const buffers = initializeBuffers(module);
    for (const segment of this.bufferSegments) this.buffers.set(buffers.get(segment.name)!, segment.offset);
  }

  get size(): number {
    return this.parameters.length;
  }
}

/** The part of a flat vector that a segment names; a view, not a copy. */
export const segmentOf = (vector: Float32Array, { offset, size }: Segment): Float32Array =>
  vector.subarray(offset, offset + size);

/** Named tensors end to end, in the order given. */
function layOut(specs: readonly { name: string; shape: readonly number[]; kind?: string }[]): Segment[] {
  let offset = 0;
  return specs.map(({ name, shape, kind }) => {
    const size = shape.reduce((product, n) => product * n, 1);
    const segment = { name, shape, offset, size, ...(kind === undefined ? {} : { kind }) };
    offset += size;
    return segment;
  });
}

const totalSize = (segments: readonly Segment[]) => segments.reduce((sum, { size }) => sum + size, 0);

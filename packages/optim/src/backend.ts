/** Where an optimizer computes: the fused float32 kernels over one flat memory, or the float64 reference interpreter. */
import {
  type Engine,
  type FlatMemory,
  type FloatArray,
  fused,
  type MatrixKernels,
  reference,
} from "@thalweg/formula";

export interface Backend<A extends FloatArray> {
  engine: Engine<A>;
  /** A zeroed vector for state. */
  allocate(count: number): A;
}

/**
 * Fused WebAssembly kernels; parameters, gradients and state all lie in `memory`. `matrices` are faster products for rules
 * that have any; without them plain loops do the work.
 */
export const wasmBackend = (memory: FlatMemory, matrices?: MatrixKernels): Backend<Float32Array> => ({
  engine: { ...fused(memory), ...(matrices === undefined ? {} : { matrices }) },
  allocate: (count) => memory.allocate(count),
});

/** The interpreter that defines what a formula means. Slow. */
export const referenceBackend: Backend<Float64Array> = {
  engine: reference,
  allocate: (count) => new Float64Array(count),
};

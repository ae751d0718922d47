/** A rule at work on a parameter vector: an optimizer that updates it in place, with matrices computed by ONNX Runtime. */
import { Optimizer, type Rule, wasmBackend } from "@thalweg/optim";
import { OnnxMatrixKernels } from "./matrix-kernels.ts";
import type { ParameterVector } from "./parameter-vector.ts";

export interface VectorOptimizer {
  readonly optimizer: Optimizer<Float32Array>;
  release(): Promise<void>;
}

/** The vector must have `stateSlotCount(rule)` slots. Raises RangeError for tensors that the rule cannot update. */
export function optimizerOf(
  { memory, segments, parameters, gradients }: ParameterVector,
  rule: Rule,
  seed: number,
): VectorOptimizer {
  const matrices = new OnnxMatrixKernels();
  const backend = wasmBackend(memory, matrices);
  const optimizer = new Optimizer({ backend, segments, parameters, gradients, rule, seed });
  return { optimizer, release: () => matrices.release() };
}
